using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Mint.ML.Transforms.Tests.Samples;

/// <summary>A headless Chromium, spoken to by its DevTools protocol; what it logs and asks for is kept.</summary>
internal sealed class Browser : IAsyncDisposable
{
    // As many as make a browser that asks nothing of the network by itself.
    private static readonly string[] Quiet =
    [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync",
        "--mute-audio", "--remote-debugging-port=0", "--window-size=1200,900",
    ];

    private readonly Process process;
    private readonly string profile;
    private readonly ClientWebSocket socket = new();
    private readonly CancellationTokenSource end = new(TimeSpan.FromMinutes(5)); // a browser that hangs fails the tests
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonNode>> waiting = [];
    private readonly ConcurrentQueue<string> problems = [], requests = [];
    private TaskCompletionSource loaded = new();
    private string? session;
    private int last;

    private Browser(Process process, string profile) => (this.process, this.profile) = (process, profile);

    /// <summary>Errors and warnings of the page, uncaught exceptions and what its policy refused.</summary>
    public IReadOnlyCollection<string> Problems => problems;

    /// <summary>Every address that was asked for, data: URIs left out.</summary>
    public IReadOnlyCollection<string> Requests => requests;

    /// <summary>The browser's program: MINT_CHROMIUM, or what Debian and others call it; null when there is none.</summary>
    public static string? Find() => new[] { Environment.GetEnvironmentVariable("MINT_CHROMIUM") }
        .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).SelectMany(folder =>
            ((string[])["chromium", "chromium-headless-shell", "chromium-browser", "google-chrome"]).Select(name => Path.Combine(folder, name))))
        .FirstOrDefault(File.Exists);

    public static async Task<Browser> Start(string program)
    {
        string profile = Directory.CreateTempSubdirectory("mint-chromium-").FullName;
        var start = new ProcessStartInfo(program, [.. Quiet, $"--user-data-dir={profile}", "about:blank"])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        var browser = new Browser(Process.Start(start)!, profile);
        browser.process.ErrorDataReceived += (_, _) => { };
        browser.process.BeginErrorReadLine();
        browser.process.OutputDataReceived += (_, _) => { };
        browser.process.BeginOutputReadLine();
        string port = Path.Combine(profile, "DevToolsActivePort");
        string[] lines = [];
        while (lines.Length < 2)
        {
            if (browser.process.HasExited)
                throw new InvalidOperationException($"{program} ended with code {browser.process.ExitCode} before it could be spoken to.");
            await Task.Delay(50, browser.end.Token);
            if (File.Exists(port)) lines = await File.ReadAllLinesAsync(port);
        }
        browser.socket.Options.Proxy = null;
        await browser.socket.ConnectAsync(new Uri($"ws://127.0.0.1:{lines[0]}{lines[1]}"), browser.end.Token);
        _ = browser.Listen();
        string target = (string)(await browser.Call("Target.createTarget", new() { ["url"] = "about:blank" }))["targetId"]!;
        browser.session = (string)(await browser.Call("Target.attachToTarget", new() { ["targetId"] = target, ["flatten"] = true }))["sessionId"]!;
        foreach (string domain in (string[])["Page", "Runtime", "Log", "Network"]) await browser.Call(domain + ".enable", []);
        return browser;
    }

    /// <summary>Opens a file and waits until it is loaded; what was logged and asked for before is forgotten.</summary>
    public async Task Open(string path)
    {
        problems.Clear();
        requests.Clear();
        loaded = new();
        await Call("Page.navigate", new() { ["url"] = new Uri(path).AbsoluteUri });
        await loaded.Task.WaitAsync(end.Token);
    }

    /// <summary>The value of an expression, or of the promise that it is, as if a person had clicked.</summary>
    public async Task<JsonNode?> Evaluate(string expression)
    {
        var answer = await Call("Runtime.evaluate", new()
        {
            ["expression"] = expression,
            ["returnByValue"] = true,
            ["awaitPromise"] = true,
            ["userGesture"] = true,
        });
        if (answer["exceptionDetails"] is { } thrown) throw new InvalidOperationException($"{expression}: {thrown.ToJsonString()}");
        return answer["result"]!["value"];
    }

    public async Task<JsonNode> Call(string method, JsonObject parameters)
    {
        int id = Interlocked.Increment(ref last);
        var answer = waiting[id] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var message = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters };
        if (session is not null) message["sessionId"] = session;
        await socket.SendAsync(Encoding.UTF8.GetBytes(message.ToJsonString()), WebSocketMessageType.Text, true, end.Token);
        return await answer.Task.WaitAsync(end.Token);
    }

    private async Task Listen()
    {
        var buffer = new byte[1 << 16];
        var message = new MemoryStream();
        try
        {
            while (true)
            {
                var part = await socket.ReceiveAsync(buffer, end.Token);
                if (part.MessageType == WebSocketMessageType.Close) return;
                message.Write(buffer, 0, part.Count);
                if (!part.EndOfMessage) continue;
                Take(JsonNode.Parse(message.ToArray())!);
                message.SetLength(0);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException)
        {
            foreach (var one in waiting.Values) one.TrySetException(e);
        }
    }

    private void Take(JsonNode message)
    {
        var values = message["params"];
        if (message["id"] is { } id && waiting.TryRemove((int)id, out var answer))
        {
            if (message["error"] is { } error) answer.SetException(new InvalidOperationException(error.ToJsonString()));
            else answer.SetResult(message["result"]!);
            return;
        }
        switch ((string?)message["method"])
        {
            case "Page.loadEventFired": loaded.TrySetResult(); break;
            case "Runtime.exceptionThrown": problems.Enqueue(values!["exceptionDetails"]!.ToJsonString()); break;
            case "Runtime.consoleAPICalled": problems.Enqueue(values!.ToJsonString()); break;
            case "Log.entryAdded": problems.Enqueue(values!["entry"]!.ToJsonString()); break;
            case "Network.requestWillBeSent" when (string?)values!["request"]!["url"] is { } url
                && !url.StartsWith("data:", StringComparison.Ordinal):
                requests.Enqueue(url); break;
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            session = null;
            await Call("Browser.close", []);
            await process.WaitForExitAsync(end.Token).WaitAsync(TimeSpan.FromSeconds(10));
        }
        catch (Exception e) when (e is WebSocketException or TimeoutException or OperationCanceledException or InvalidOperationException)
        {
            process.Kill(entireProcessTree: true);
        }
        end.Cancel();
        socket.Dispose();
        process.Dispose();
        try
        {
            Directory.Delete(profile, recursive: true);
        }
        catch (IOException)
        {
            // A child that still writes there: a left-over temporary folder harms nobody.
        }
    }
}
