using static TorchSharp.torch;

namespace Mint.ML.Layers;

/// <summary>A place in the stream of random numbers that dropout draws from, so that what is computed twice is computed alike.</summary>
internal sealed class RandomStreamState : IDisposable
{
    private readonly Tensor state;
    private readonly long? seed;

    /// <summary>Where the stream is now. A GPU's state cannot be read through TorchSharp: there a stream of its own begins, its seed drawn from the
    /// CPU's.</summary>
    public RandomStreamState(Device device)
    {
        if (device.type == TorchSharp.DeviceType.CUDA)
        {
            using var drawn = randint(0, int.MaxValue, [1], dtype: ScalarType.Int64);
            seed = drawn.item<long>();
            cuda.manual_seed_all(seed.Value);
        }
        state = random.get_rng_state().DetachFromDisposeScope();
    }

    /// <summary>Goes back there.</summary>
    public void Return()
    {
        random.set_rng_state(state);
        if (seed is { } again) cuda.manual_seed_all(again);
    }

    /// <inheritdoc/>
    public void Dispose() => state.Dispose();
}
