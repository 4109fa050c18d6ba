namespace Mint.ML.Hub;

/// <summary>Where model folders are fetched from, and how patiently.</summary>
public sealed record HubOptions
{
    /// <summary>Environment variable that names a mirror.</summary>
    public const string MirrorVariable = "MINT_HUB";

    /// <summary>The hub that all known names are published on.</summary>
    public const string DefaultAddress = "https://huggingface.co";

    /// <summary>Address of a hub or of a mirror with its layout; by default what <see cref="MirrorVariable"/> names, or <see cref="DefaultAddress"/>.</summary>
    public Uri Address { get; init; } = Parse(Environment.GetEnvironmentVariable(MirrorVariable) is { Length: > 0 } mirror ? mirror : DefaultAddress);

    /// <summary>Branch, tag or commit of the repository.</summary>
    public string Revision { get; init; } = "main";

    /// <summary>Attempts in a row that may bring nothing new, of each file: 6, with the waits between them half a minute in all.</summary>
    public int Attempts { get; init; } = 6;

    /// <summary>Wait after an attempt that brought nothing; it doubles each time. A server that says how long (Retry-After) is heeded, up to
    /// <see cref="LongestWait"/>.</summary>
    public TimeSpan Wait { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait between two attempts: a minute.</summary>
    public TimeSpan LongestWait { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Silence after which a connection is given up: half a minute. A slow one is not.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Reads an address.</summary>
    /// <exception cref="ArgumentException">It is no https address. Plain http is for a server on this machine alone.</exception>
    public static Uri Parse(string address) => Uri.TryCreate(address, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttps
        || uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback) ? uri
        : throw new ArgumentException($"'{address}' is no address of a hub; expected https://... (plain http is for a server on this machine alone).");
}
