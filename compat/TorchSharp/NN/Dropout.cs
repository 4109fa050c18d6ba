using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static Identity Identity() => new();
            public static Dropout Dropout(double p = 0.5, bool inplace = false) => new(p, inplace);
            public static Dropout1d Dropout1d(double p = 0.5, bool inplace = false) => new(p, inplace);
            public static Dropout2d Dropout2d(double p = 0.5, bool inplace = false) => new(p, inplace);
            public static Flatten Flatten(long start_dim = 1L, long end_dim = -1L) => new(start_dim, end_dim);
        }
    }
}

namespace TorchSharp.Modules
{
    /// <summary>x itself, as a second object.</summary>
    public sealed class Identity : ParameterLessModule<Tensor, Tensor>
    {
        internal Identity() : base(nameof(Identity)) { }

        public override Tensor forward(Tensor tensor) => tensor.alias();
    }

    /// <summary>In training, zeroes with probability p and scales the rest by 1/(1-p).</summary>
    public sealed class Dropout : ParameterLessModule<Tensor, Tensor>
    {
        public double p { get; set; }
        public bool inplace { get; set; }

        internal Dropout(double p, bool inplace) : base(nameof(Dropout)) => (this.p, this.inplace) = (p, inplace);

        public override Tensor forward(Tensor tensor) => functional.dropout(tensor, p, training, inplace);
    }

    /// <summary>Dropout of whole channels.</summary>
    public sealed class Dropout1d : ParameterLessModule<Tensor, Tensor>
    {
        public double p { get; set; }
        public bool inplace { get; set; }

        internal Dropout1d(double p, bool inplace) : base(nameof(Dropout1d)) => (this.p, this.inplace) = (p, inplace);

        public override Tensor forward(Tensor tensor) => functional.dropout1d(tensor, p, training, inplace);
    }

    /// <summary>Dropout of whole channels.</summary>
    public sealed class Dropout2d : ParameterLessModule<Tensor, Tensor>
    {
        public double p { get; set; }
        public bool inplace { get; set; }

        internal Dropout2d(double p, bool inplace) : base(nameof(Dropout2d)) => (this.p, this.inplace) = (p, inplace);

        public override Tensor forward(Tensor input) => functional.dropout2d(input, p, training, inplace);
    }

    /// <summary>Makes the dimensions from start_dim to end_dim one.</summary>
    public sealed class Flatten : ParameterLessModule<Tensor, Tensor>
    {
        public long start_dim { get; set; }
        public long end_dim { get; set; }

        internal Flatten(long start_dim, long end_dim) : base(nameof(Flatten)) => (this.start_dim, this.end_dim) = (start_dim, end_dim);

        public override Tensor forward(Tensor input) => input.flatten(start_dim, end_dim);
    }
}
