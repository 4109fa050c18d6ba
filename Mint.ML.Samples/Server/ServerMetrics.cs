using System.Diagnostics.Metrics;

namespace Mint.ML.Samples.Server;

/// <summary>What the server counts, for any listener of <see cref="Meter"/>: OpenTelemetry's exporters, dotnet-counters, or /metrics.</summary>
internal sealed class ServerMetrics : IDisposable
{
    public const string Name = "Mint.ML.Server";

    private readonly Meter meter = new(Name);
    private readonly Counter<long> requests;
    private readonly Histogram<double> duration;

    public ServerMetrics(WorkQueue queue)
    {
        requests = meter.CreateCounter<long>("mint.requests", "{request}", "Requests, by endpoint and status; 499 where the client went away.");
        duration = meter.CreateHistogram<double>("mint.request.duration", "s", "Time from a request's headers to its answer, by endpoint.");
        meter.CreateObservableUpDownCounter("mint.answers.running", () => queue.Running, "{answer}", "Answers being computed.");
        meter.CreateObservableUpDownCounter("mint.answers.waiting", () => queue.Waiting, "{request}", "Requests that hold a place and wait.");
        meter.CreateObservableUpDownCounter("process.memory.usage", () => Environment.WorkingSet, "By", "Resident memory.");
    }

    public Meter Meter => meter;

    /// <summary>A request has ended.</summary>
    /// <param name="endpoint">The route, not what the client wrote.</param>
    /// <param name="status">The status code.</param>
    /// <param name="elapsed">How long it took.</param>
    public void Count(string endpoint, int status, TimeSpan elapsed)
    {
        requests.Add(1, new("endpoint", endpoint), new("status", status));
        duration.Record(elapsed.TotalSeconds, new KeyValuePair<string, object?>("endpoint", endpoint));
    }

    public void Dispose() => meter.Dispose();
}
