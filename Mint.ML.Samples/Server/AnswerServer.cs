using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Mint.ML.Audio;
using Mint.ML.Native;
using Mint.ML.Retrieval;
using Mint.ML.Systems;

namespace Mint.ML.Samples.Server;

/// <summary>
/// A model over HTTP: POST a sound to /caption, /labels, /answer, /search or /embed. One model, loaded once, is shared by a few worker threads; what does not
/// fit is refused (docs/serving.md).
/// </summary>
internal sealed class AnswerServer : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ServerOptions options;
    private readonly ServerMetrics metrics;
    private readonly MetricsPage page;
    private readonly Action<string> report;

    private AnswerServer(AudioLanguageModel model, SoundSearch? search, ServerOptions options, Action<string> report)
    {
        (this.options, this.report) = (options, report);
        Queue = new(options.Workers, options.Waiting);
        metrics = new(Queue);
        page = new(metrics.Meter);
        // Empty: no settings files, no log, no signal handlers; what the server does is said by its options.
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls(options.Urls.Split(';')).ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.MaxBytes;
        });
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, Lifetime>();
        // A request that is under way may take all of its times.
        builder.Services.Configure<HostOptions>(host =>
            host.ShutdownTimeout = TimeSpan.FromSeconds(options.BodySeconds + options.WaitSeconds + options.AnswerSeconds));
        app = builder.Build();
        app.Use(Guarded);
        app.UseRouting();
        var answers = new Answers(model, search, options);
        Map("/caption", [], answers.Caption);
        Map("/labels", ["labels"], answers.Labels);
        Map("/answer", ["question"], answers.Answer);
        Map("/search", ["text", "top"], answers.Search);
        Map("/embed", ["text"], answers.Embed);
        app.MapGet("/healthz/live", () => Results.Text("live"));
        app.MapGet("/healthz/ready", () => Results.Text("ready")); // the model is loaded before anything is listened to; Guarded refuses when it ends
        app.MapGet("/metrics", () => Results.Text(page.Write(), "text/plain; version=0.0.4"));
    }

    /// <summary>Where requests are counted and wait.</summary>
    public WorkQueue Queue { get; }

    /// <summary>Where it listens; a port 0 has become one that was free.</summary>
    public IReadOnlyList<string> Urls => [.. app.Urls];

    /// <summary>Starts a server.</summary>
    /// <param name="model">What answers; it stays the caller's, who disposes of it after the server.</param>
    /// <param name="search">What /search looks in; null for none.</param>
    /// <param name="options">Limits.</param>
    /// <param name="report">Told of what went wrong in here, which the client is not.</param>
    /// <exception cref="ArgumentException">Options are out of range.</exception>
    /// <exception cref="IOException">An address is taken.</exception>
    public static async Task<AnswerServer> Start(AudioLanguageModel model, SoundSearch? search, ServerOptions options, Action<string> report)
    {
        options.Validate();
        var server = new AnswerServer(model, search, options, report);
        try
        {
            await server.app.StartAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Refuses what comes from now on, and waits until what is under way has its answer.</summary>
    public Task Stop() => app.StopAsync();

    /// <summary>Stops, if it has not, and ends the workers.</summary>
    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        Queue.Dispose();
        page.Dispose();
        metrics.Dispose();
    }

    private void Map<T>(string path, string[] fields, Func<Upload, Func<CancellationToken, T>> answer) where T : class =>
        app.MapPost(path, (Delegate)(async (HttpContext context) =>
        {
            using var place = Queue.TryEnter() ?? throw new RequestException(429, "All places are taken.") { RetryAfter = Queue.RetryAfter };
            using var upload = await Upload.Read(context.Request, options, context.RequestAborted);
            upload.CheckFields(path, fields);
            T reply = await Queue.Run(answer(upload), TimeSpan.FromSeconds(options.WaitSeconds), TimeSpan.FromSeconds(options.AnswerSeconds),
                context.RequestAborted);
            return Results.Json(reply);
        }));

    /// <summary>Around every request: what it threw becomes a status code and a problem in JSON (RFC 9457), and it is counted.</summary>
    private async Task Guarded(HttpContext context, RequestDelegate next)
    {
        var clock = Stopwatch.StartNew();
        try
        {
            if (app.Lifetime.ApplicationStopping.IsCancellationRequested)
            {
                context.Response.Headers.Connection = "close";
                throw new RequestException(503, "The server is going down.") { RetryAfter = 5 };
            }
            await next(context);
            if (context.Response is { HasStarted: false, StatusCode: >= 400, ContentLength: null })
                await Tell(context, new(context.Response.StatusCode, $"{context.Request.Method} {context.Request.Path} is not offered."));
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            context.Response.StatusCode = 499; // which nobody reads; the metrics do
        }
        catch (Exception error) when (!context.Response.HasStarted)
        {
            await Tell(context, Refusal(error));
        }
        finally
        {
            string endpoint = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "none";
            metrics.Count(endpoint, context.Response.StatusCode, clock.Elapsed);
        }
    }

    private RequestException Refusal(Exception error)
    {
        switch (error)
        {
            case RequestException refused:
                return refused;
            case AudioFormatException or SoundNotEncodableException:
                return new(422, error.Message);
            case BadHttpRequestException bad:
                return new(bad.StatusCode, bad.Message);
            case NotSupportedException: // the model does not answer in words, or cannot rank so
                return new(404, error.Message);
            case Exception when error.IsOutOfMemory():
                return new(503, "To hear this sound takes more memory than is left.") { RetryAfter = 10 };
            default:
                report($"mint: a request failed: {error}");
                return new(500, "The server failed; its log says how.");
        }
    }

    private static async Task Tell(HttpContext context, RequestException refused)
    {
        // Of a body that is not read to its end, the connection cannot be used again.
        if (refused.Status is 408 or 413) context.Response.Headers.Connection = "close";
        if (refused.RetryAfter is { } seconds) context.Response.Headers.RetryAfter = $"{seconds}";
        await Results.Problem(refused.Message, statusCode: refused.Status, title: ReasonPhrases.GetReasonPhrase(refused.Status)).ExecuteAsync(context);
    }

    // Who runs the server hears the signals (Stopping), and calls Stop.
    private sealed class Lifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancel) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancel) => Task.CompletedTask;
    }
}
