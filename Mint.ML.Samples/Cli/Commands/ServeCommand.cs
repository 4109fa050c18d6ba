using System.CommandLine;
using Mint.ML.Retrieval;
using Mint.ML.Samples.Cli.Options;
using Mint.ML.Samples.Server;
using Mint.ML.Systems;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using TorchSharp;

namespace Mint.ML.Samples.Cli.Commands;

/// <summary><c>mint serve</c>: a model over HTTP, until Ctrl-C or SIGTERM.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var model = new Option<string?>("--model") { Description = $"Model file (default: {Shipped.DefaultModelHelp})" };
        var index = new Option<string?>("--index") { Description = "Index file of mint search build, made with this model: what /search looks in" };
        var (device, type, generation) = (DeviceOption.Create(), LanguageModelTypeOption.Create(), AnswerArguments.Generation());
        var server = new OptionSet<ServerOptions>(new())
        {
            { "--urls", "Addresses, with semicolons between them; port 0 takes a free one", o => o.Urls, (o, value) => o with { Urls = value } },
            { "--workers", "Answers computed at once", o => o.Workers, (o, value) => o with { Workers = value } },
            { "--waiting", "Requests that may wait for a worker; one more is 429", o => o.Waiting, (o, value) => o with { Waiting = value } },
            { "--max-bytes", "Largest body; a larger one is 413", o => o.MaxBytes, (o, value) => o with { MaxBytes = value } },
            { "--max-seconds", "Longest sound; a longer one is 422", o => o.MaxSeconds, (o, value) => o with { MaxSeconds = value } },
            { "--body-seconds", "Time in which a body has to arrive; then 408", o => o.BodySeconds, (o, value) => o with { BodySeconds = value } },
            { "--wait-seconds", "Time that a request waits for a worker; then 503", o => o.WaitSeconds, (o, value) => o with { WaitSeconds = value } },
            { "--answer-seconds", "Time of an answer; then 504", o => o.AnswerSeconds, (o, value) => o with { AnswerSeconds = value } },
        };
        var command = new Command("serve", "Serve a model over HTTP: /caption, /labels, /answer, /search, /embed (docs/serving.md).") { model, index };
        command.Add(server);
        command.Add(generation);
        command.Add(device);
        command.Add(type);
        command.SetRecipeAction(async (parse, cancel) =>
        {
            var defaults = ModelFile.Find(parse.GetValue(model)) is { } saved ? AnswerDefaults.Read(saved) : new(); // none is told when it is loaded
            var options = server.Read(parse) with { Generation = generation.Read(parse, defaults.Generation) };
            OptionErrors.Check(options.Validate, () => generation.CheckUsed(parse, options.Generation));
            string? searched = parse.GetValue(index);
            var settings = searched is null ? null : IndexSettings.Read(searched);
            string? file = settings?.CheckedModel(searched!, parse.GetValue(model)) ?? parse.GetValue(model);
            var place = DeviceOption.Parse(parse.GetValue(device)!);
            using var loaded = LanguageModelTypeOption.Load(parse.GetValue(type)!, place, () => ModelFile.Load(file, place));
            // Workers share the cores: more threads than cores would only wait for each other.
            torch.set_num_threads(Math.Max(1, Environment.ProcessorCount / options.Workers));
            using var exporter = Exporter();
            await using var running = await AnswerServer.Start(loaded.Model, settings is null ? null : new(searched!, loaded.Model, settings), options,
                StandardError.Report);
            Stopping.Listen();
            foreach (string url in running.Urls) Console.WriteLine($"listening on {url}");
            await Task.Delay(Timeout.Infinite, cancel).ContinueWith(_ => { }, TaskScheduler.Default);
            StandardError.Report("mint: going down when what is under way has its answer; a second request ends it at once.");
            await running.Stop();
            return 0;
        });
        return command;
    }

    // OpenTelemetry's own variables say where to and how often.
    private static MeterProvider? Exporter() => Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT") is { Length: > 0 }
        ? Sdk.CreateMeterProviderBuilder()
            .AddMeter(ServerMetrics.Name, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime").AddOtlpExporter().Build()
        : null;
}
