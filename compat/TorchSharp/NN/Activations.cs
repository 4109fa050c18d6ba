using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class nn
        {
            public static ReLU ReLU(bool inplace = false) => new(inplace);
            public static GELU GELU() => new(false);
            public static GELU GELU(bool inplace) => new(inplace);
            public static SiLU SiLU() => new(false);
            public static SiLU SiLU(bool inplace) => new(inplace);
            public static Mish Mish() => new(false);
            public static Mish Mish(bool inplace) => new(inplace);
            public static Sigmoid Sigmoid() => new(false);
            public static Sigmoid Sigmoid(bool inplace) => new(inplace);
            public static Tanh Tanh() => new(false);
            public static Tanh Tanh(bool inplace = false) => new(inplace);
            public static LeakyReLU LeakyReLU(double negative_slope = 0.01, bool inplace = false) => new(negative_slope, inplace);
            public static ELU ELU(double alpha = 1, bool inplace = false) => new(alpha, inplace);
            public static Softplus Softplus(double beta = 1, double threshold = 20) => new(beta, threshold);
            public static GLU GLU(long dim = -1L) => new(dim);
            public static Softmax Softmax(long dim) => new(dim);
            public static LogSoftmax LogSoftmax(long dim) => new(dim);
            public static LogSigmoid LogSigmoid() => new();
        }
    }
}

namespace TorchSharp.Modules
{
    /// <summary>max(x, 0).</summary>
    public sealed class ReLU : ParameterLessModule<Tensor, Tensor>
    {
        public bool inplace { get; set; }

        internal ReLU(bool inplace) : base(nameof(ReLU)) => this.inplace = inplace;

        public override Tensor forward(Tensor tensor) => functional.relu(tensor, inplace);
    }

    /// <summary>x Φ(x), with the exact normal distribution function.</summary>
    public sealed class GELU : ParameterLessModule<Tensor, Tensor>
    {
        public bool inplace { get; set; }

        internal GELU(bool inplace) : base(nameof(GELU)) => this.inplace = inplace;

        public override Tensor forward(Tensor tensor) => functional.gelu(tensor, inplace);
    }

    /// <summary>x σ(x).</summary>
    public sealed class SiLU : ParameterLessModule<Tensor, Tensor>
    {
        public bool inplace { get; set; }

        internal SiLU(bool inplace) : base(nameof(SiLU)) => this.inplace = inplace;

        public override Tensor forward(Tensor tensor) => functional.silu(tensor, inplace);
    }

    /// <summary>x tanh(softplus(x)).</summary>
    public sealed class Mish : ParameterLessModule<Tensor, Tensor>
    {
        public bool inplace { get; set; }

        internal Mish(bool inplace) : base(nameof(Mish)) => this.inplace = inplace;

        public override Tensor forward(Tensor tensor) => functional.mish(tensor, inplace);
    }

    /// <summary>1 / (1 + e⁻ˣ).</summary>
    public sealed class Sigmoid : ParameterLessModule<Tensor, Tensor>
    {
        public bool inplace { get; set; }

        internal Sigmoid(bool inplace) : base(nameof(Sigmoid)) => this.inplace = inplace;

        public override Tensor forward(Tensor tensor) => functional.sigmoid(tensor, inplace);
    }

    /// <summary>The hyperbolic tangent.</summary>
    public sealed class Tanh : ParameterLessModule<Tensor, Tensor>
    {
        public bool inplace { get; set; }

        internal Tanh(bool inplace) : base(nameof(Tanh)) => this.inplace = inplace;

        public override Tensor forward(Tensor tensor) => functional.tanh(tensor, inplace);
    }

    /// <summary>x, or negative_slope x below zero.</summary>
    public sealed class LeakyReLU : ParameterLessModule<Tensor, Tensor>
    {
        public double negative_slope { get; set; }
        public bool inplace { get; set; }

        internal LeakyReLU(double negative_slope, bool inplace) : base(nameof(LeakyReLU)) => (this.negative_slope, this.inplace) = (negative_slope, inplace);

        public override Tensor forward(Tensor tensor) => functional.leaky_relu(tensor, negative_slope, inplace);
    }

    /// <summary>x, or alpha (eˣ - 1) below zero.</summary>
    public sealed class ELU : ParameterLessModule<Tensor, Tensor>
    {
        public double alpha { get; set; }
        public bool inplace { get; set; }

        internal ELU(double alpha, bool inplace) : base(nameof(ELU)) => (this.alpha, this.inplace) = (alpha, inplace);

        public override Tensor forward(Tensor tensor) => functional.elu(tensor, alpha, inplace);
    }

    /// <summary>log(1 + e^(beta x)) / beta.</summary>
    public sealed class Softplus : ParameterLessModule<Tensor, Tensor>
    {
        public double beta { get; set; }
        public double threshold { get; set; }

        internal Softplus(double beta, double threshold) : base(nameof(Softplus)) => (this.beta, this.threshold) = (beta, threshold);

        public override Tensor forward(Tensor tensor) => functional.softplus(tensor, beta, threshold);
    }

    /// <summary>a σ(b), a and b the halves of dim.</summary>
    public sealed class GLU : ParameterLessModule<Tensor, Tensor>
    {
        public long dim { get; set; }

        internal GLU(long dim) : base(nameof(GLU)) => this.dim = dim;

        public override Tensor forward(Tensor tensor) => functional.glu(tensor, dim);
    }

    /// <summary>Probabilities along dim.</summary>
    public sealed class Softmax : ParameterLessModule<Tensor, Tensor>
    {
        public long dim { get; set; }

        internal Softmax(long dim) : base(nameof(Softmax)) => this.dim = dim;

        public override Tensor forward(Tensor tensor) => functional.softmax(tensor, dim);
    }

    /// <summary>Log-probabilities along dim.</summary>
    public sealed class LogSoftmax : ParameterLessModule<Tensor, Tensor>
    {
        public long dim { get; set; }

        internal LogSoftmax(long dim) : base(nameof(LogSoftmax)) => this.dim = dim;

        public override Tensor forward(Tensor tensor) => functional.log_softmax(tensor, dim);
    }

    /// <summary>log σ(x).</summary>
    public sealed class LogSigmoid : ParameterLessModule<Tensor, Tensor>
    {
        internal LogSigmoid() : base(nameof(LogSigmoid)) { }

        public override Tensor forward(Tensor tensor) => functional.logsigmoid(tensor);
    }
}
