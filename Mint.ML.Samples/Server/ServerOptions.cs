using Mint.ML.Generation;

namespace Mint.ML.Samples.Server;

/// <summary>Where the server listens, and what it takes. What is beyond a limit is refused with a status code of its own (docs/serving.md).</summary>
internal sealed record ServerOptions
{
    /// <summary>Addresses, with semicolons between them; port 0 takes a free one. This machine alone by default: there is no login and no TLS.</summary>
    public string Urls { get; init; } = "http://127.0.0.1:5080";

    /// <summary>Answers computed at once. Default: one for two cores, which share an operator's work.</summary>
    public int Workers { get; init; } = Math.Max(1, Environment.ProcessorCount / 2);

    /// <summary>Requests that may wait for a worker; one more is 429. Default 64: a minute of work at an answer a second.</summary>
    public int Waiting { get; init; } = 64;

    /// <summary>Largest body in bytes; a larger one is 413. Default 64 MiB: five minutes of 48 kHz stereo in 16 bits.</summary>
    public long MaxBytes { get; init; } = 64 << 20;

    /// <summary>Longest sound in seconds; a longer one is 422. Default 300: ten windows of MINT.</summary>
    public double MaxSeconds { get; init; } = 300;

    /// <summary>Seconds in which a body has to arrive; after them, 408.</summary>
    public double BodySeconds { get; init; } = 30;

    /// <summary>Seconds that a request waits for a worker; after them, 503.</summary>
    public double WaitSeconds { get; init; } = 60;

    /// <summary>Seconds of an answer, after which it ends at the next token: 504.</summary>
    public double AnswerSeconds { get; init; } = 60;

    /// <summary>How answers are searched for; null as the model's own pipeline did.</summary>
    public GenerationOptions? Generation { get; init; }

    /// <summary>Reports everything that is wrong at once.</summary>
    /// <exception cref="ArgumentException">Options are out of range.</exception>
    public void Validate()
    {
        var errors = new OptionErrors();
        foreach (string url in Urls.Split(';'))
        {
            errors.Require(Uri.TryCreate(url.Replace("//*", "//localhost").Replace("//+", "//localhost"), UriKind.Absolute, out var parsed)
                && parsed.Scheme == "http", $"--urls has '{url}'; http://ADDRESS:PORT is expected. For https, put a reverse proxy in front.");
        }
        errors.Require(Workers is >= 1 and <= 1024, $"--workers is {Workers}; 1 to 1024 answers are computed at once.");
        errors.Require(Waiting is >= 0 and <= 100_000, $"--waiting is {Waiting}; 0 to 100,000 requests may wait.");
        errors.Require(MaxBytes is >= 1 and <= int.MaxValue, $"--max-bytes is {MaxBytes}; 1 to {int.MaxValue} are taken.");
        foreach (var (name, seconds) in new[] { ("--max-seconds", MaxSeconds), ("--body-seconds", BodySeconds), ("--wait-seconds", WaitSeconds),
            ("--answer-seconds", AnswerSeconds) })
        {
            errors.Require(seconds is > 0 and <= 86_400, $"{name} is {seconds}; it must be above 0, and at most a day.");
        }
        if (Generation is { } generation) errors.Gather(generation.Validate);
        errors.Throw();
    }
}
