using TorchSharp.Native;
using TorchSharp.Utils;

namespace TorchSharp;

public static partial class torch
{
    public unsafe partial class Tensor
    {
        public ScalarType dtype => Alive((ScalarType)Libtorch.mint_dtype(Pointer));

        public Device device => Device.Unpack(Alive(Libtorch.mint_device(Pointer)));

        public DeviceType device_type => (DeviceType)(Alive(Libtorch.mint_device(Pointer)) & 0xff);

        public int device_index => (int)(Alive(Libtorch.mint_device(Pointer)) >> 8);

        // The finalizer must not come between the reading of the pointer and the call that uses it.
        private T Alive<T>(T value)
        {
            GC.KeepAlive(this);
            return value;
        }

        public bool is_cuda => device_type == DeviceType.CUDA;
        public bool is_meta => device_type == DeviceType.META;
        public bool is_cpu() => device_type == DeviceType.CPU;

        public long[] shape => Alive(new ReadOnlySpan<long>(Libtorch.mint_sizes(Pointer), (int)Dimensions).ToArray());
        public long[] size() => shape;
        public long size(int dim) => Alive(Libtorch.mint_sizes(Pointer)[Wrap(dim)]);
        public long[] stride() => Alive(new ReadOnlySpan<long>(Strides, (int)Dimensions).ToArray());
        public long stride(int dim) => Alive(Strides[Wrap(dim)]);
        public long Dimensions => Alive(Libtorch.mint_dim(Pointer));
        public long ndim => Dimensions;
        public long dim() => Dimensions;
        public long NumberOfElements => Alive(Libtorch.mint_numel(Pointer));
        public long numel() => NumberOfElements;
        public long ElementSize => Alive(Libtorch.mint_element_size(Pointer));
        public long element_size() => ElementSize;
        public long storage_offset() => Alive(Libtorch.mint_storage_offset(Pointer));

        public bool is_leaf => Has(Flag.Leaf);
        public bool is_sparse => Has(Flag.Sparse);
        public bool is_contiguous() => Has(Flag.Contiguous);
        public bool is_conj() => Has(Flag.Conjugated);
        public bool is_neg() => Has(Flag.Negated);
        public bool is_floating_point() => torch.is_floating_point(dtype);
        public bool is_complex() => torch.is_complex(dtype);
        public bool is_integral() => torch.is_integral(dtype);
        public bool is_nonzero() => _is_nonzero.Invoke(this).Bool;
        private static readonly Op _is_nonzero = "is_nonzero";

        private enum Flag { RequiresGrad = 1, Leaf = 2, Contiguous = 4, Sparse = 8, Conjugated = 16, Negated = 32 }

        private bool Has(Flag flag) => (Alive(Libtorch.Checked(Libtorch.mint_flags(Pointer))) & (int)flag) != 0;

        private long* Strides => (long*)Libtorch.Checked((nint)Libtorch.mint_strides(Pointer));

        private int Wrap(int dim)
        {
            int dims = (int)Dimensions;
            if (dim < -dims || dim >= dims) throw new IndexOutOfRangeException($"Dimension {dim} of a tensor of {dims} dimensions.");
            return dim < 0 ? dim + dims : dim;
        }

        /// <summary>The address of the first element, on the CPU.</summary>
        internal nint DataPointer
        {
            get
            {
                if (device_type != DeviceType.CPU)
                    throw new InvalidOperationException("Reading data from non-CPU memory is not supported. Move or copy the tensor to the cpu before reading.");
                return NumberOfElements == 0 ? 0 : Libtorch.Checked(Libtorch.mint_data(Pointer));
            }
        }

        /// <summary>The elements, without a copy; T must be the tensor's own type.</summary>
        public TensorAccessor<T> data<T>() where T : unmanaged
        {
            ValidateType(typeof(T));
            return new TensorAccessor<T>(this);
        }

        /// <summary>The one element of a tensor that has one; T must be the tensor's own type.</summary>
        public T item<T>() where T : unmanaged
        {
            if (NumberOfElements != 1) throw new ArgumentException($"item<T>() reads a tensor of one element; this one is [{string.Join(", ", shape)}].");
            ValidateType(typeof(T));
            if (device_type == DeviceType.CPU) return Read<T>(this);
            using var local = cpu();
            return Read<T>(local);

            static T Read<U>(Tensor tensor)
            {
                var value = *(T*)tensor.DataPointer;
                GC.KeepAlive(tensor);
                return value;
            }
        }

        internal void ValidateType(Type type)
        {
            var own = dtype;
            bool fits = type == typeof(float) ? own == ScalarType.Float32
                : type == typeof((float, float)) ? own == ScalarType.ComplexFloat32
                : type == typeof(ushort) ? own is ScalarType.Float16 or ScalarType.BFloat16
                : own == ToScalarType(type);
            if (!fits) throw new ArgumentException($"Cannot read a tensor of {own} as {type.Name}; convert it with to_type() first.");
        }

        /// <summary>The memory of a contiguous tensor on the CPU.</summary>
        public Span<byte> bytes
        {
            get
            {
                long length = NumberOfElements * ElementSize;
                if (length > int.MaxValue) throw new NotImplementedException($"Tensors above 2 GB have no span ({length} bytes); narrow() it into parts.");
                if (!is_contiguous()) throw new NotImplementedException("Bytes() called on non-contiguous tensor.");
                return new Span<byte>((void*)DataPointer, (int)length);
            }
            set
            {
                var own = bytes;
                if (value.Length != own.Length) throw new ArgumentException($"{value.Length} bytes for a tensor of {own.Length} bytes.");
                value.CopyTo(own);
            }
        }

        public T ReadCpuValue<T>(long i) where T : unmanaged
        {
            if (i >= NumberOfElements) throw new IndexOutOfRangeException("The index is greater than the number of elements in the tensor");
            var value = ((T*)DataPointer)[i];
            GC.KeepAlive(this);
            return value;
        }

        public Scalar ToScalar() => dtype switch
        {
            ScalarType.Float32 => item<float>(),
            ScalarType.Float64 => item<double>(),
            ScalarType.Float16 => item<Half>(),
            ScalarType.BFloat16 => ToSingle(),
            ScalarType.Int64 => item<long>(),
            ScalarType.Int32 => item<int>(),
            ScalarType.Int16 => item<short>(),
            ScalarType.Int8 => item<sbyte>(),
            ScalarType.Byte => item<byte>(),
            ScalarType.Bool => item<bool>(),
            ScalarType.ComplexFloat32 => item<(float, float)>(),
            _ => item<System.Numerics.Complex>(),
        };

        private float ToSingle() { using var wide = to_type(ScalarType.Float32); return wide.item<float>(); }

        public static explicit operator float(Tensor value) => value.ToSingle(ScalarType.Float32, t => t.item<float>());
        public static explicit operator double(Tensor value) => value.ToSingle(ScalarType.Float64, t => t.item<double>());
        public static explicit operator byte(Tensor value) => value.ToSingle(ScalarType.Byte, t => t.item<byte>());
        public static explicit operator sbyte(Tensor value) => value.ToSingle(ScalarType.Int8, t => t.item<sbyte>());
        public static explicit operator short(Tensor value) => value.ToSingle(ScalarType.Int16, t => t.item<short>());
        public static explicit operator int(Tensor value) => value.ToSingle(ScalarType.Int32, t => t.item<int>());
        public static explicit operator long(Tensor value) => value.ToSingle(ScalarType.Int64, t => t.item<long>());
        public static explicit operator bool(Tensor value) => value.ToSingle(ScalarType.Bool, t => t.item<bool>());

        private T ToSingle<T>(ScalarType type, Func<Tensor, T> read)
        {
            using var converted = to_type(type);
            return read(converted);
        }

        public void WriteBytesToStream(Stream stream, int bufferSize = 1024)
        {
            using var local = Contiguous();
            foreach (var part in local.Parts()) stream.Write(part.Span);
        }

        public void ReadBytesFromStream(Stream stream, int bufferSize = 1024)
        {
            if (is_cpu() && is_contiguous())
            {
                foreach (var part in Parts()) stream.ReadExactly(part.Span);
                return;
            }
            using var local = empty(shape, dtype, torch.CPU);
            local.ReadBytesFromStream(stream);
            using var _ = no_grad();
            copy_(local);
        }

        private Tensor Contiguous() { using var local = cpu(); return local.contiguous(); }

        // Spans hold 2 GB at most.
        private readonly struct Part(nint start, int length) { internal Span<byte> Span => new((void*)start, length); }

        private IEnumerable<Part> Parts()
        {
            const long Most = 1 << 30;
            long length = NumberOfElements * ElementSize;
            var start = DataPointer;
            for (long at = 0; at < length; at += Most) yield return new Part(start + (nint)at, (int)Math.Min(Most, length - at));
            GC.KeepAlive(this);
        }
    }
}
