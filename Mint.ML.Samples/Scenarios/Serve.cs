using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Mint.ML.Audio;
using Mint.ML.Systems;

namespace Mint.ML.Samples.Scenarios;

/// <summary>A model in one's own ASP.NET Core program, and a request to it. <c>mint serve</c> (Server/) is the same with all limits.</summary>
internal static class Serve
{
    public static async Task Run(string model = "mint.zip", string sound = "dog.wav")
    {
        #region serve
        using var mint = AudioLanguageModel.Load(model);               // the weights once, for all requests
        using var workers = new SemaphoreSlim(2);                       // answers computed at once
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0").ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = 16 << 20);
        await using var app = builder.Build();
        app.MapPost("/caption", async (HttpRequest request, CancellationToken gone) =>
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body, gone);
            if (!await workers.WaitAsync(TimeSpan.FromSeconds(30), gone)) return Results.StatusCode(503);
            try
            {
                body.Position = 0;
                var clip = AudioFile.Read(body, "The sound", new() { MaxDuration = TimeSpan.FromMinutes(1) });
                return Results.Json(new { caption = await Task.Run(() => mint.Caption(clip, cancel: gone), gone) });
            }
            catch (AudioFormatException damaged)
            {
                return Results.Problem(damaged.Message, statusCode: 422);
            }
            finally
            {
                workers.Release();
            }
        });
        await app.StartAsync();

        using var client = new HttpClient { BaseAddress = new(app.Urls.First()) };
        using var answer = await client.PostAsync("/caption", new ByteArrayContent(File.ReadAllBytes(sound)));
        Console.WriteLine(await answer.Content.ReadAsStringAsync());
        #endregion
    }
}
