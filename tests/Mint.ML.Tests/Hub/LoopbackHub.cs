using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Mint.ML.Tests.Hub;

/// <summary>A request, and the socket to answer it on.</summary>
internal sealed record HubRequest(string Path, long? From, NetworkStream Stream)
{
    /// <summary>Writes an answer; the body may be shorter than the length that the headers tell.</summary>
    public void Answer(string status, byte[] body, long? length = null, params string[] headers)
    {
        string more = string.Concat(headers.Select(header => header + "\r\n"));
        string head = $"HTTP/1.1 {status}\r\nContent-Length: {length ?? body.Length}\r\nConnection: close\r\n{more}\r\n";
        Stream.Write(Encoding.ASCII.GetBytes(head));
        Stream.Write(body);
    }

    /// <summary>Answers as a well-behaved server does, with the rest of a file where that is asked for.</summary>
    public void Serve(byte[] file, int? breakAfter = null)
    {
        int from = (int)(From ?? 0);
        byte[] rest = file[from..];
        string[] range = From is null ? [] : [$"Content-Range: bytes {from}-{file.Length - 1}/{file.Length}"];
        Answer(From is null ? "200 OK" : "206 Partial Content", breakAfter is { } few ? rest[..Math.Min(few, rest.Length)] : rest, rest.Length, range);
    }
}

/// <summary>A hub on this machine, one connection after the other, whose behaviour a test decides.</summary>
internal sealed class LoopbackHub : IDisposable
{
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly Func<HubRequest, int, bool> answer;
    private readonly Thread thread;
    private readonly List<HubRequest> asked = [];

    /// <param name="files">What it has.</param>
    /// <param name="answer">Answers a request, given how often that path has been asked for before; false leaves it to the good server.</param>
    public LoopbackHub(IReadOnlyDictionary<string, byte[]> files, Func<HubRequest, int, bool>? answer = null)
    {
        (Files, this.answer) = (files, answer ?? ((_, _) => false));
        listener.Start();
        thread = new Thread(Run) { IsBackground = true };
        thread.Start();
    }

    public IReadOnlyDictionary<string, byte[]> Files { get; }

    /// <summary>The licence of its card, and what is added to its list.</summary>
    public string Listing { get; init; } = "";

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");

    public IReadOnlyList<HubRequest> Asked
    {
        get { lock (asked) return [.. asked]; }
    }

    /// <summary>What the hub lists: large files by SHA-256, small ones by Git's hash.</summary>
    public string Json => $$"""{"sha": "{{Commit}}", "cardData": {"license": "apache-2.0"}, "siblings": [{{Entries}}{{Listing}}]}""";

    private string Entries => string.Join(", ", Files.Select(file => Entry(file.Key, file.Value)));

    public static string Entry(string name, byte[] bytes) => bytes.Length > 1000
        ? $$$"""{"rfilename": "{{{name}}}", "size": {{{bytes.Length}}}, "lfs": {"sha256": "{{{Convert.ToHexStringLower(SHA256.HashData(bytes))}}}"}}"""
        : $$"""{"rfilename": "{{name}}", "size": {{bytes.Length}}, "blobId": "{{Blob(bytes)}}"}""";

    private static string Blob(byte[] bytes) =>
        Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {bytes.Length}\0"), .. bytes]));

    private void Run()
    {
        try
        {
            while (true)
            {
                using var client = listener.AcceptTcpClient();
                try
                {
                    using var stream = client.GetStream();
                    Answer(stream);
                }
                catch (IOException)
                {
                    // The client hung up.
                }
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Disposed of.
        }
    }

    private void Answer(NetworkStream stream)
    {
        using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
        if (reader.ReadLine()?.Split(' ') is not [_, var path, ..]) return;
        long? from = null;
        while (reader.ReadLine() is { Length: > 0 } header)
        {
            if (header.StartsWith("Range: bytes=", StringComparison.OrdinalIgnoreCase)) from = long.Parse(header["Range: bytes=".Length..].TrimEnd('-'));
        }
        var request = new HubRequest(path, from, stream);
        int before;
        lock (asked)
        {
            before = asked.Count(other => other.Path == path);
            asked.Add(request);
        }
        if (answer(request, before)) return;
        if (path.StartsWith("/api/", StringComparison.Ordinal)) request.Answer("200 OK", Encoding.UTF8.GetBytes(Json));
        else if (Files.TryGetValue(path.Split('/')[^1], out byte[]? file)) request.Serve(file);
        else request.Answer("404 Not Found", []);
    }

    public void Dispose()
    {
        listener.Stop();
        thread.Join();
    }
}
