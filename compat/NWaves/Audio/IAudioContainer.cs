using NWaves.Signals;

namespace NWaves.Audio.Interfaces;

public interface IAudioContainer
{
    List<DiscreteSignal> Signals { get; }

    DiscreteSignal this[Channels channel] { get; }
}
