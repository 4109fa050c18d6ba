using System.Diagnostics;

namespace Microsoft.ML.Runtime;

/// <summary>The environment behind a context. Every host that is registered draws its seed from its parent, in order.</summary>
internal sealed class LocalEnvironment : IHost, IHostEnvironmentInternal
{
    private readonly LocalEnvironment _root;
    private readonly string _name;
    internal event Action<string, ChannelMessage> Message;

    public LocalEnvironment(int? seed)
    {
        (_root, _name, ComponentCatalog, Seed) = (this, null, new ComponentCatalog(), seed);
        Rand = seed is int s ? new Random(s) : new Random();
    }

    private LocalEnvironment(LocalEnvironment parent, string name, int? seed)
    {
        (_root, ComponentCatalog) = (parent._root, parent.ComponentCatalog);
        _name = parent._name is null ? name : $"{parent._name}; {name}";
        lock (_root) Rand = new Random(seed ?? parent.Rand.Next());
        (Seed, GpuDeviceId, FallbackToCpu, TempFilePath) = (parent.Seed, parent.GpuDeviceId, parent.FallbackToCpu, parent.TempFilePath);
    }

    public int? Seed { get; }
    public int? GpuDeviceId { get; set; }
    public bool FallbackToCpu { get; set; }
    public string TempFilePath { get; set; } = Path.GetTempPath();
    public Random Rand { get; }
    public ComponentCatalog ComponentCatalog { get; }
    public string ContextDescription => _name ?? "HostEnvironment";
    public TException Process<TException>(TException ex) where TException : Exception => ex;

    public IHost Register(string name, int? seed = null, bool? verbose = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return new LocalEnvironment(this, name, seed);
    }

    public IChannel Start(string name) => new Channel(this, name);
    public IPipe<TMessage> StartPipe<TMessage>(string name) => new Pipe<TMessage>(this, name);
    public IProgressChannel StartProgressChannel(string name) => new ProgressChannel();

    private class Pipe<TMessage>(LocalEnvironment owner, string name) : IPipe<TMessage>
    {
        protected string Source => owner._name is null ? name : $"{owner._name}; {name}";
        public string ContextDescription => owner.ContextDescription;
        public TException Process<TException>(TException ex) where TException : Exception => ex;
        public virtual void Send(TMessage msg)
        {
            if (msg is ChannelMessage message) owner._root.Message?.Invoke(Source, message);
        }
        public virtual void Dispose() { }
    }

    private sealed class Channel : Pipe<ChannelMessage>, IChannel
    {
        private readonly Stopwatch _watch = Stopwatch.StartNew();
        private bool _disposed;
        public Channel(LocalEnvironment owner, string name) : base(owner, name) => Trace(MessageSensitivity.None, "Channel started");

        public void Trace(MessageSensitivity sensitivity, string fmt) => Send(new(ChannelMessageKind.Trace, sensitivity, fmt));
        public void Trace(MessageSensitivity sensitivity, string fmt, params object[] args) => Send(new(ChannelMessageKind.Trace, sensitivity, fmt, args));
        public void Error(MessageSensitivity sensitivity, string fmt) => Send(new(ChannelMessageKind.Error, sensitivity, fmt));
        public void Error(MessageSensitivity sensitivity, string fmt, params object[] args) => Send(new(ChannelMessageKind.Error, sensitivity, fmt, args));
        public void Warning(MessageSensitivity sensitivity, string fmt) => Send(new(ChannelMessageKind.Warning, sensitivity, fmt));
        public void Warning(MessageSensitivity sensitivity, string fmt, params object[] args) => Send(new(ChannelMessageKind.Warning, sensitivity, fmt, args));
        public void Info(MessageSensitivity sensitivity, string fmt) => Send(new(ChannelMessageKind.Info, sensitivity, fmt));
        public void Info(MessageSensitivity sensitivity, string fmt, params object[] args) => Send(new(ChannelMessageKind.Info, sensitivity, fmt, args));

        public override void Dispose()
        {
            if (_disposed) return;
            _disposed = true;
            Trace(MessageSensitivity.None, "Channel finished. Elapsed {0:c}.", _watch.Elapsed);
            Trace(MessageSensitivity.None, "Channel disposed");
        }
    }

    /// <summary>The real context hands progress to listeners of the host, of which a user's program has none.</summary>
    private sealed class ProgressChannel : IProgressChannel
    {
        public void SetHeader(ProgressHeader header, Action<IProgressEntry> fillAction) { }
        public void Checkpoint(params double?[] values) { }
        public IProgressChannel StartProgressChannel(string name) => new ProgressChannel();
        public void Dispose() { }
    }
}
