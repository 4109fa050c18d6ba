using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace Mint.ML.Transforms.Experiments;

/// <summary>
/// The context of one trial: its own random numbers, so that no trial's depend on another's, and its own cancellation, for ML.NET cancels a whole context
/// for good. Devices, folders and log are those of the context that made the experiment.
/// </summary>
internal sealed class TrialContext : IDisposable
{
    private readonly CancellationTokenRegistration cancellation;
    private readonly IHost host;
    private readonly int id;

    public TrialContext(MLContext outer, IHost host, TrialSettings settings, int seed)
    {
        (this.host, id) = (host, settings.TrialId);
        Context = new MLContext(seed) { GpuDeviceId = outer.GpuDeviceId, FallbackToCpu = outer.FallbackToCpu };
        if (outer.TempFilePath is not null) Context.TempFilePath = outer.TempFilePath;
        Context.AudioLanguage().FrozenModels = outer.AudioLanguage().FrozenModels;
        Context.Log += Relay;
        cancellation = settings.CancellationToken.Register(Context.CancelExecution);
    }

    public MLContext Context { get; }

    /// <summary>The best model's context lives on; its messages are its own from now on.</summary>
    public void Dispose()
    {
        cancellation.Dispose();
        Context.Log -= Relay;
    }

    private void Relay(object? sender, LoggingEventArgs message)
    {
        if (message.Kind == ChannelMessageKind.Trace) return;
        using var channel = host.Start($"trial {id}");
        string text = $"trial {id}: {message.RawMessage}";
        if (message.Kind == ChannelMessageKind.Info) channel.Info(MessageSensitivity.None, "{0}", text);
        else channel.Warning(MessageSensitivity.None, "{0}", text); // an error within a trial is no error of the experiment
    }
}
