namespace Mint.ML.Samples.Server;

/// <summary>A request that is refused: its status code, and what the client is told.</summary>
/// <param name="status">The status code.</param>
/// <param name="detail">What is wrong, and what to do.</param>
internal sealed class RequestException(int status, string detail) : Exception(detail)
{
    public int Status => status;

    /// <summary>Seconds after which the same request may be tried again; null where that does not help.</summary>
    public int? RetryAfter { get; init; }
}
