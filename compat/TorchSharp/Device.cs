using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>Where a tensor lives: the CPU, or a CUDA device by its index.</summary>
    public class Device
    {
        public DeviceType type { get; }

        /// <summary>-1 when the device has none (the CPU) or the current one is meant.</summary>
        public int index { get; } = -1;

        public Device(DeviceType deviceType, int index = -1)
        {
            type = deviceType;
            this.index = deviceType == DeviceType.CPU ? -1 : index;
        }

        public Device(string deviceType, int index = -1) : this(Parse(deviceType), index) { }

        public Device(string description)
        {
            var parts = description.Split(':');
            type = Parse(parts[0]);
            if (parts.Length == 1) return;
            if (parts.Length != 2 || !int.TryParse(parts[1], out var parsed) || parsed < 0)
                throw new ArgumentException($"'{description}' is not a device. Write \"cpu\", \"cuda\" or \"cuda:1\".", nameof(description));
            if (type != DeviceType.CPU) index = parsed;
        }

        public Device(int index) : this(DeviceType.CUDA, index) { }

        public static implicit operator Device(string description) => new(description);

        public override string ToString() => index < 0 ? Name : $"{Name}:{index}";

        private string Name => type.ToString().ToLowerInvariant();

        private static DeviceType Parse(string name) => name.ToLowerInvariant() switch
        {
            "cpu" => DeviceType.CPU,
            "cuda" => DeviceType.CUDA,
            "mps" => DeviceType.MPS,
            "meta" => DeviceType.META,
            _ => throw new ArgumentException($"'{name}' is not a device type. Write \"cpu\", \"cuda\", \"mps\" or \"meta\"."),
        };

        /// <summary>As bridge.cpp reads it. libtorch 1.13 and 2.x number Metal 13 and meta 14, as TorchSharp does.</summary>
        internal long Packed => (long)type | (long)index * 256;

        internal static Device Unpack(long packed) => packed == -256 ? CPU : new((DeviceType)(packed & 0xff), (int)(packed >> 8));
    }

    public static readonly Device CPU = new(DeviceType.CPU);
    public static readonly Device META = new(DeviceType.META);

    public static Device CUDA => TryInitializeDeviceType(DeviceType.CUDA) ? new(DeviceType.CUDA, 0) : throw new InvalidOperationException("CUDA is not available: " + cuda.WhyNot());

    private static Device default_device = CPU;

    public static Device device(string description) => new(description);
    public static Device device(string deviceType, int index = -1) => new(deviceType, index);
    public static Device device(DeviceType deviceType, int index = -1) => new(deviceType, index);
    public static Device device(int index) => new(index);

    public static Device get_default_device() => default_device;
    public static void set_default_device(Device device) => default_device = InitializeDevice(device);
    public static void set_default_device(string device) => set_default_device(new Device(device));

    /// <summary>The device itself, or the default one for null; an error when the machine or the loaded libtorch lacks it.</summary>
    public static Device InitializeDevice(Device device)
    {
        device ??= default_device;
        InitializeDeviceType(device.type);
        return device;
    }

    public static void InitializeDeviceType(DeviceType deviceType)
    {
        if (!TryInitializeDeviceType(deviceType))
            throw new InvalidOperationException($"Torch device type {deviceType} did not initialise on the current machine: " + cuda.WhyNot());
    }

    public static bool TryInitializeDeviceType(DeviceType deviceType) =>
        deviceType is DeviceType.CPU or DeviceType.META || deviceType == DeviceType.CUDA && cuda.is_available();

    public static bool cuda_is_available() => cuda.is_available();

    public static bool mps_is_available() => false;

    public static partial class cuda
    {
        private static readonly Lazy<bool> available = new(() => Libtorch.mint_cuda_available() == 1 && Libtorch.mint_cuda_device_count() > 0);

        public static bool is_available() => available.Value;

        public static bool is_cudnn_available() => Libtorch.mint_cudnn_available() == 1;

        public static int device_count() => Libtorch.mint_cuda_device_count();

        /// <summary>Seeds every generator, those of the CUDA devices among them.</summary>
        public static void manual_seed(long seed) => torch.manual_seed(seed);

        public static void manual_seed_all(long seed) => torch.manual_seed(seed);

        public static void synchronize(Device device = null) => Libtorch.Checked(Libtorch.mint_cuda_synchronize(device?.index ?? -1));

        internal static string WhyNot() => Libtorch.mint_cuda_available() == 1
            ? "the loaded libtorch has its CUDA part, but no CUDA device answers."
            : "the loaded libtorch is built for the CPU. Set MINT_LIBTORCH to a libtorch with CUDA and rebuild, or use the CPU.";
    }

    public static partial class backends
    {
        public static partial class cuda
        {
            public static partial class matmul
            {
                public static bool allow_tf32
                {
                    get => Libtorch.mint_allow_tf32(0, -1) == 1;
                    set => Libtorch.Checked(Libtorch.mint_allow_tf32(0, value ? 1 : 0));
                }
            }
        }

        public static partial class cudnn
        {
            public static bool allow_tf32
            {
                get => Libtorch.mint_allow_tf32(1, -1) == 1;
                set => Libtorch.Checked(Libtorch.mint_allow_tf32(1, value ? 1 : 0));
            }
        }
    }
}
