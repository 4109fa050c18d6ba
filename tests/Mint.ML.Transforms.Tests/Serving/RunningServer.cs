using System.Text.Json;
using System.Text.Json.Nodes;
using Mint.ML.Retrieval;
using Mint.ML.Samples.Server;
using Mint.ML.Systems;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Serving;

/// <summary>A server of the eight clips' model on a free port of this machine, with a client.</summary>
internal sealed class RunningServer : IAsyncDisposable
{
    private static readonly Lazy<AudioLanguageModel> Loaded = new(() => AudioLanguageModel.Load(ModelPath));

    private static readonly Lazy<string> Saved = new(() =>
    {
        string path = Path.Combine(EightClips.Shared.Folder, "served.zip");
        EightClips.Shared.Ml.Model.Save(EightClips.Shared.Model, EightClips.Shared.Data.Schema, path);
        return path;
    });

    public static string ModelPath => Saved.Value;

    /// <summary>What the server answers with: its answers are compared with those of calls in this process.</summary>
    public static AudioLanguageModel Model => Loaded.Value;

    public AnswerServer Server { get; private init; } = null!;

    public HttpClient Client { get; private init; } = null!;

    /// <summary>What the server reported of its own failures.</summary>
    public List<string> Failures { get; private init; } = [];

    public static async Task<RunningServer> Start(ServerOptions? options = null, SoundSearch? search = null)
    {
        List<string> failures = [];
        var server = await AnswerServer.Start(Model, search, (options ?? new()) with { Urls = "http://127.0.0.1:0" }, failure =>
        {
            lock (failures) failures.Add(failure);
        });
        return new() { Server = server, Client = new() { BaseAddress = new(server.Urls[0]), Timeout = TimeSpan.FromMinutes(5) }, Failures = failures };
    }

    public static string Clip(int number) => Path.Combine(EightClips.Shared.Folder, $"clip{number}.wav");

    public static ByteArrayContent Sound(int number) => Body(File.ReadAllBytes(Clip(number)));

    public static ByteArrayContent Body(byte[] bytes, string? type = "audio/wav")
    {
        var content = new ByteArrayContent(bytes);
        if (type is not null) content.Headers.ContentType = new(type);
        return content;
    }

    /// <summary>A form of a sound and fields.</summary>
    public static MultipartFormDataContent Form(int? clip, params (string Name, string Value)[] fields)
    {
        var form = new MultipartFormDataContent();
        foreach (var (name, value) in fields) form.Add(new StringContent(value), name);
        if (clip is { } number) form.Add(Sound(number), "sound", "clip.wav");
        return form;
    }

    /// <summary>Posts, and reads the answer that has to come.</summary>
    public async Task<JsonNode> Answer(string path, HttpContent? content)
    {
        using var response = await Client.PostAsync(path, content);
        string body = await response.Content.ReadAsStringAsync();
        Assert.AreEqual(200, (int)response.StatusCode, body);
        return JsonNode.Parse(body)!;
    }

    /// <summary>Checks that a response is a refusal: a problem in JSON with the status, without anything of the server's inside.</summary>
    public static async Task<string> Refused(HttpResponseMessage response, int status)
    {
        string body = await response.Content.ReadAsStringAsync();
        Assert.AreEqual(status, (int)response.StatusCode, body);
        Assert.AreEqual("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = JsonSerializer.Deserialize<JsonElement>(body);
        Assert.AreEqual(status, problem.GetProperty("status").GetInt32());
        string detail = problem.GetProperty("detail").GetString()!;
        Assert.IsFalse(detail.Contains("   at ") || detail.Contains(Path.GetTempPath()), detail);
        return detail;
    }

    public async Task<string> Refused(string path, HttpContent? content, int status)
    {
        using var response = await Client.PostAsync(path, content);
        return await Refused(response, status);
    }

    /// <summary>Occupies a worker until the result is disposed of.</summary>
    public IDisposable Occupy()
    {
        var release = new ManualResetEventSlim();
        var (begun, place) = (new ManualResetEventSlim(), Server.Queue.TryEnter()!);
        var job = Server.Queue.Run(_ =>
        {
            begun.Set();
            release.Wait(CancellationToken.None);
            return 1;
        }, TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(5), CancellationToken.None);
        Assert.IsTrue(begun.Wait(TimeSpan.FromMinutes(1)));
        return new Occupied(() =>
        {
            release.Set();
            job.Wait();
            place.Dispose();
        });
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
        Assert.IsEmpty(Failures, string.Join('\n', Failures));
    }

    private sealed class Occupied(Action end) : IDisposable
    {
        private int ended;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref ended, 1) == 0) end();
        }
    }
}
