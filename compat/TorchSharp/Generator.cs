using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>A source of random numbers with its own state.</summary>
    public class Generator : IDisposable
    {
        private nint handle;

        private Generator(nint handle, Device device) => (this.handle, this.device) = (handle, device);

        public Generator(ulong seed = 0, Device device = null)
        {
            this.device = InitializeDevice(device);
            handle = Libtorch.Checked(Libtorch.mint_new_generator(seed, this.device.Packed));
        }

        public static Generator Default => new(Libtorch.Checked(Libtorch.mint_default_generator(torch.CPU.Packed)), torch.CPU);

        public IntPtr Handle => handle != 0 ? handle : throw new InvalidOperationException("The generator was disposed.");

        public Device device { get; }

        public Generator manual_seed(long seed)
        {
            Libtorch.Checked(Libtorch.mint_generator_seed(Handle, seed));
            return this;
        }

        /// <summary>Takes a new seed from the system and returns it.</summary>
        public long seed() => Libtorch.mint_generator_new_seed(Handle);

        public long initial_seed() => Libtorch.mint_generator_initial_seed(Handle);

        public Tensor get_state() => new(Libtorch.Checked(Libtorch.mint_generator_state(Handle)));

        public void set_state(Tensor value)
        {
            Libtorch.Checked(Libtorch.mint_set_generator_state(Handle, value.Pointer));
            GC.KeepAlive(value);
        }

        public void Dispose()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        protected virtual void Dispose(bool disposing)
        {
            var released = Interlocked.Exchange(ref handle, 0);
            if (released != 0) Libtorch.mint_release_generator(released);
        }

        ~Generator() => Dispose(false);
    }

    /// <summary>Seeds the default generators of the CPU and of every CUDA device.</summary>
    public static Generator manual_seed(long seed)
    {
        Libtorch.Checked(Libtorch.mint_manual_seed(seed));
        return Generator.Default;
    }

    public static long seed()
    {
        using var generator = Generator.Default;
        long seed = generator.seed();
        manual_seed(seed);
        return seed;
    }

    public static long initial_seed() { using var generator = Generator.Default; return generator.initial_seed(); }
    public static Tensor get_rng_state() { using var generator = Generator.Default; return generator.get_state(); }
    public static void set_rng_state(Tensor new_state) { using var generator = Generator.Default; generator.set_state(new_state); }

    public static partial class random
    {
        public static Generator manual_seed(long seed) => torch.manual_seed(seed);
        public static long seed() => torch.seed();
        public static long initial_seed() => torch.initial_seed();
        public static Tensor get_rng_state() => torch.get_rng_state();
        public static void set_rng_state(Tensor new_state) => torch.set_rng_state(new_state);
    }
}
