using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;

/// <summary>mint serve under load, as its clients see it: server CLIENTS SECONDS UPLOADS MODEL [SERVER OPTIONS...]</summary>
internal sealed class ServerBench : IDisposable
{
    private const int Pause = 1000; // milliseconds between two looks at the server's memory

    // Most are captions, as of a service that describes sounds.
    private static readonly string[] Paths =
    [
        "/caption", "/caption", "/caption", "/labels?labels=flute,organ,guitar,mallet", "/answer?question=This+is+a+sound+of",
    ];

    private readonly Process process;
    private readonly HttpClient client;

    private ServerBench(string model, IEnumerable<string> options)
    {
        string program = Path.Combine("Mint.ML.Samples", "bin", "Release", "net10.0", "mint.dll"); // of the build that ./mint bench makes
        process = Process.Start(new ProcessStartInfo("dotnet", ["exec", program, "serve", "--model", model, "--urls", "http://127.0.0.1:0", .. options])
        {
            RedirectStandardOutput = true,
        })!;
        string line = process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The server did not start.");
        client = new(new SocketsHttpHandler { MaxConnectionsPerServer = int.MaxValue })
        {
            BaseAddress = new(line.Split(' ')[^1]),
            Timeout = TimeSpan.FromMinutes(5),
        };
    }

    public static int Run(string clients, string seconds, string uploads, string model, string[] options)
    {
        using var bench = new ServerBench(model, options);
        string[] notes = [.. Directory.GetFiles("Mint.ML.Samples/data/notes/fluidr3", "*.opus").Order(StringComparer.Ordinal)];
        bool loaded = bench.Load(notes, Number(clients), TimeSpan.FromSeconds(Number(seconds))).GetAwaiter().GetResult();
        bool refused = bench.Mutated(notes, Number(uploads)).GetAwaiter().GetResult();
        return loaded && refused && bench.Stop() ? 0 : 1;
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>Clients that ask, one request after the other, until the time is over.</summary>
    private async Task<bool> Load(string[] notes, int clients, TimeSpan time)
    {
        byte[][] sounds = [.. notes.Select(File.ReadAllBytes)];
        var (seconds, codes, answers) = (new ConcurrentBag<double>(), new ConcurrentDictionary<int, int>(), new ConcurrentDictionary<string, string>());
        int different = 0, failed = 0;
        var memory = new List<(double Second, double Megabytes)>();
        var clock = Stopwatch.StartNew();
        var asking = Task.WhenAll(Enumerable.Range(0, clients).Select(i => Task.Run(async () =>
        {
            for (int n = i; clock.Elapsed < time; n += 7)
            {
                string path = Paths[n % Paths.Length];
                var asked = Stopwatch.StartNew();
                try
                {
                    var (code, body, again) = await Post(path, Sound(sounds[n % sounds.Length], "audio/ogg"));
                    codes.AddOrUpdate(code, 1, (_, count) => count + 1);
                    if (code == 200) seconds.Add(asked.Elapsed.TotalSeconds);
                    if (code == 200 && answers.GetOrAdd($"{path} {n % sounds.Length}", body) != body) Interlocked.Increment(ref different);
                    if (again is { } pause) await Task.Delay(pause);
                }
                catch (HttpRequestException)
                {
                    Interlocked.Increment(ref failed);
                }
            }
        })));
        for (; !asking.IsCompleted; await Task.WhenAny(asking, Task.Delay(Pause))) memory.Add((clock.Elapsed.TotalSeconds, Resident()));
        await asking;
        double all = clock.Elapsed.TotalSeconds;

        double[] sorted = [.. seconds.Order()];
        // What the first fifth allocates is pools and teams of threads; afterwards it is to stay.
        var settled = memory.Where(look => look.Second > all / 5).Select(look => look.Megabytes).ToArray();
        double[] early = settled[..(settled.Length / 2)], late = settled[(settled.Length / 2)..];
        Say($"{clients} clients for {all:F0} s: {sorted.Length / all:F1} answers a second, p50 {At(sorted, 0.5):F2} s, p99 {At(sorted, 0.99):F2} s");
        Say($"statuses: {Counts(codes)}; connections that failed: {failed}; answers that differed from an earlier one: {different} of {sorted.Length}");
        Say($"resident memory, MB: {memory[0].Megabytes:F0} at first, at most {memory.Max(look => look.Megabytes):F0}; "
            + $"means of the two halves after {all / 5:F0} s: {early.Average():F0} and {late.Average():F0}");
        bool flat = late.Average() <= 1.05 * early.Average();
        return failed == 0 && different == 0 && flat && codes.Keys.All(code => code is 200 or 429 or 503);
    }

    /// <summary>Damaged bodies of both kinds.</summary>
    private async Task<bool> Mutated(string[] notes, int count)
    {
        var random = new Random(1);
        byte[][] sounds = [File.ReadAllBytes(notes[0]), Wav(), .. ((string[])["tone.flac", "tone.ogg", "tone.mp3", "tone-mulaw.wav"])
            .Select(name => File.ReadAllBytes(Path.Combine("tests/fixtures/audio", name)))];
        using var whole = new MultipartFormDataContent("boundary")
        {
            { new StringContent("flute,organ"), "labels" }, { new ByteArrayContent(Wav()), "a", "a.wav" },
        };
        byte[] form = await whole.ReadAsByteArrayAsync();
        var inputs = Enumerable.Range(0, count).Select(i => (Form: i % 4 == 3, Bytes: Mutate(i % 4 == 3 ? form : sounds[random.Next(sounds.Length)], random)))
            .ToArray();
        var codes = new ConcurrentDictionary<int, int>();
        await Parallel.ForEachAsync(inputs, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (input, _) =>
        {
            var (code, body, pause) = await Post("/labels?labels=a,b", Sound(input.Bytes, input.Form ? "multipart/form-data; boundary=boundary" : "audio/wav"));
            codes.AddOrUpdate(code, 1, (_, many) => many + 1);
            if (code >= 500) Say($"{code}: {body}");
            if (pause is { } time) await Task.Delay(time, CancellationToken.None);
        });
        Say($"{count} mutated uploads: {Counts(codes)} (200: still sound); resident memory {Resident():F0} MB");
        return codes.Keys.All(code => code is 200 or (>= 400 and < 500));
    }

    /// <summary>SIGTERM: it ends by itself, with 0.</summary>
    private bool Stop()
    {
        using (var kill = Process.Start("kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)])) kill.WaitForExit();
        process.WaitForExit();
        Say($"after SIGTERM it ended with {process.ExitCode}");
        return process.ExitCode == 0;
    }

    public void Dispose()
    {
        if (!process.HasExited) process.Kill();
        process.Dispose();
        client.Dispose();
    }

    private async Task<(int Code, string Body, TimeSpan? Again)> Post(string path, HttpContent content)
    {
        using (content)
        using (var response = await client.PostAsync(path, content))
            return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers.RetryAfter?.Delta);
    }

    private static ByteArrayContent Sound(byte[] bytes, string type)
    {
        var content = new ByteArrayContent(bytes);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        return content;
    }

    // One to four edits: a bit, a byte, a hole, noise, a repeated stretch, an end that is missing.
    private static byte[] Mutate(byte[] sample, Random random)
    {
        var bytes = new List<byte>(sample);
        for (int edits = random.Next(1, 5); edits > 0 && bytes.Count > 0; edits--)
        {
            // Half of them in the first bytes, where headers are.
            int at = random.Next(2) == 0 ? random.Next(Math.Min(64, bytes.Count)) : random.Next(bytes.Count);
            int stretch = Math.Min(random.Next(1, 40), bytes.Count - at);
            switch (random.Next(6))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes[at] = (byte)random.Next(256); break;
                case 2: bytes.RemoveRange(at, stretch); break;
                case 3: bytes.InsertRange(at, Enumerable.Range(0, stretch).Select(_ => (byte)random.Next(256))); break;
                case 4: bytes.InsertRange(at, bytes.GetRange(at, stretch)); break;
                default: bytes.RemoveRange(at, bytes.Count - at); break;
            }
        }
        return [.. bytes];
    }

    // A tenth of a second of a tone.
    private static byte[] Wav()
    {
        const int Samples = 1600;
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write(Encoding.ASCII.GetBytes("RIFF"));
        writer.Write(36 + 2 * Samples);
        writer.Write(Encoding.ASCII.GetBytes("WAVEfmt "));
        foreach (int field in (int[])[16, 1 | (1 << 16), 16_000, 32_000, 2 | (16 << 16)]) writer.Write(field);
        writer.Write(Encoding.ASCII.GetBytes("data"));
        writer.Write(2 * Samples);
        for (int t = 0; t < Samples; t++) writer.Write((short)(8000 * Math.Sin(0.1 * t)));
        return stream.ToArray();
    }

    private static string Counts(ConcurrentDictionary<int, int> codes) =>
        string.Join(", ", codes.OrderBy(code => code.Key).Select(code => $"{code.Key}: {code.Value}"));

    private double Resident() => double.Parse(File.ReadLines($"/proc/{process.Id}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal))
        .Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) / 1000;

    private static double At(double[] sorted, double share) => sorted.Length == 0 ? double.NaN : sorted[(int)(share * (sorted.Length - 1))];

    private static void Say(string line) => Console.WriteLine(line);
}
