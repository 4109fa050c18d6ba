using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>The entry to everything: data, transforms, trainers, evaluation, saving and loading.</summary>
public sealed class MLContext : IHostEnvironment
{
    private readonly LocalEnvironment _env;
    private readonly Dictionary<string, object> _options = [];

    public MLContext(int? seed = null)
    {
        _env = new LocalEnvironment(seed);
        _env.Message += (source, message) => Log?.Invoke(this, new LoggingEventArgs(message.Message, message.Kind, source));
        Data = new DataOperationsCatalog(_env);
        Model = new ModelOperationsCatalog(_env);
        Transforms = new TransformsCatalog(_env);
        BinaryClassification = new BinaryClassificationCatalog(_env);
        MulticlassClassification = new MulticlassClassificationCatalog(_env);
        Ranking = new RankingCatalog(_env);
    }

    public DataOperationsCatalog Data { get; }
    public ModelOperationsCatalog Model { get; }
    public TransformsCatalog Transforms { get; }
    public BinaryClassificationCatalog BinaryClassification { get; }
    public MulticlassClassificationCatalog MulticlassClassification { get; }
    public RankingCatalog Ranking { get; }

    public event EventHandler<LoggingEventArgs> Log;
    public ComponentCatalog ComponentCatalog => _env.ComponentCatalog;
    public string TempFilePath { get => _env.TempFilePath; set => _env.TempFilePath = value; }
    public int? GpuDeviceId { get => _env.GpuDeviceId; set => _env.GpuDeviceId = value; }
    public bool FallbackToCpu { get => _env.FallbackToCpu; set => _env.FallbackToCpu = value; }

    public void SetOption<T>(string name, T value) => _options[name] = value;
    public bool TryAddOption<T>(string name, T value) => _options.TryAdd(name, value);
    public bool RemoveOption(string name) => _options.Remove(name);
    public T GetOptionOrDefault<T>(string name) => TryGetOption<T>(name, out var value) ? value : default;
    public bool TryGetOption<T>(string name, out T value)
    {
        bool found = _options.TryGetValue(name, out object stored);
        value = found ? (T)stored : default;
        return found;
    }

    string IExceptionContext.ContextDescription => _env.ContextDescription;
    TException IExceptionContext.Process<TException>(TException ex) => _env.Process(ex);
    IHost IHostEnvironment.Register(string name, int? seed, bool? verbose) => _env.Register(name, seed, verbose);
    IChannel IChannelProvider.Start(string name) => _env.Start(name);
    IPipe<TMessage> IChannelProvider.StartPipe<TMessage>(string name) => _env.StartPipe<TMessage>(name);
    IProgressChannel IProgressChannelProvider.StartProgressChannel(string name) => _env.StartProgressChannel(name);
}

public class LoggingEventArgs : EventArgs
{
    public LoggingEventArgs(string message) : this(message, ChannelMessageKind.Trace, string.Empty) { }

    public LoggingEventArgs(string message, ChannelMessageKind kind, string source)
    {
        (RawMessage, Kind, Source) = (message, kind, source);
        Message = string.IsNullOrEmpty(source) ? message : $"[Source={source}, Kind={kind}] {message}";
    }

    public string Message { get; }
    public string RawMessage { get; }
    public string Source { get; }
    public ChannelMessageKind Kind { get; }
}
