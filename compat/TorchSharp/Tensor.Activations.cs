using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    // Activation functions.
    public partial class Tensor
    {
        public Tensor relu() => _relu.Call(this);
        public Tensor relu_() => InPlace(_relu_.Invoke(this));
        public Tensor relu6() => _relu6.Call(this);
        public Tensor relu6_() => InPlace(_relu6_.Invoke(this));
        public Tensor sigmoid() => _sigmoid.Call(this);
        public Tensor sigmoid_() => InPlace(_sigmoid_.Invoke(this));
        public Tensor silu() => _silu.Call(this);
        public Tensor silu_() => InPlace(_silu_.Invoke(this));
        public Tensor gelu() => _gelu.Call(this);
        public Tensor gelu_() => InPlace(_gelu_.Invoke(this));
        public Tensor elu(Scalar alpha, Scalar scale, Scalar input_scale) => _elu.Call(this, alpha, scale, input_scale);
        public Tensor elu(double alpha = 1) => _elu.Call(this, alpha);
        public Tensor elu_(Scalar alpha, Scalar scale, Scalar input_scale) => InPlace(_elu_.Invoke(this, alpha, scale, input_scale));
        public Tensor elu_(double alpha = 1) => InPlace(_elu_.Invoke(this, alpha));
        public Tensor celu() => _celu.Call(this);
        public Tensor celu(Scalar alpha) => _celu.Call(this, alpha);
        public Tensor celu_() => InPlace(_celu_.Invoke(this));
        public Tensor celu_(Scalar alpha) => InPlace(_celu_.Invoke(this, alpha));
        public Tensor selu() => _selu.Call(this);
        public Tensor selu_() => InPlace(_selu_.Invoke(this));
        public Tensor leaky_relu(Scalar negative_slope) => _leaky_relu.Call(this, negative_slope);
        public Tensor leaky_relu_(Scalar negative_slope) => InPlace(_leaky_relu_.Invoke(this, negative_slope));
        public Tensor hardsigmoid() => _hardsigmoid.Call(this);
        public Tensor hardsigmoid_() => InPlace(_hardsigmoid_.Invoke(this));
        public Tensor hardswish() => _hardswish.Call(this);
        public Tensor hardswish_() => InPlace(_hardswish_.Invoke(this));
        public Tensor hardtanh(Scalar min, Scalar max) => _hardtanh.Call(this, min, max);
        public Tensor hardtanh_(Scalar min, Scalar max) => InPlace(_hardtanh_.Invoke(this, min, max));
        public Tensor softplus(double beta = 1, double threshold = 20) => _softplus.Call(this, beta, threshold);
        public Tensor log_sigmoid() => _log_sigmoid.Call(this);
        public Tensor threshold(Scalar threshold, Scalar value) => _threshold.Call(this, threshold, value);
        public Tensor threshold_(Scalar threshold, Scalar value) => InPlace(_threshold_.Invoke(this, threshold, value));
        public Tensor glu(long dim = -1) => _glu.Call(this, dim);
        public Tensor rrelu(double lower = 0.125, double upper = 1.0 / 3) => _rrelu.Call(this, lower, upper);
        public Tensor rrelu_(double lower = 0.125, double upper = 1.0 / 3) => InPlace(_rrelu_.Invoke(this, lower, upper));
        public Tensor prelu(Tensor target) => _prelu.Call(this, target);
        public Tensor softmax(long dim, ScalarType? dtype = null) => _softmax_int.Call(this, dim, dtype);
        public Tensor log_softmax(long dim, ScalarType? dtype = null) => _log_softmax_int.Call(this, dim, dtype);

        private static readonly Op
            _celu = "celu", _celu_ = "celu_", _elu = "elu", _elu_ = "elu_", _gelu = "gelu", _gelu_ = "gelu_", _glu = "glu",
            _hardsigmoid = "hardsigmoid", _hardsigmoid_ = "hardsigmoid_", _hardswish = "hardswish", _hardswish_ = "hardswish_",
            _hardtanh = "hardtanh", _hardtanh_ = "hardtanh_", _leaky_relu = "leaky_relu", _leaky_relu_ = "leaky_relu_",
            _log_sigmoid = "log_sigmoid", _log_softmax_int = "log_softmax.int", _prelu = "prelu", _relu = "relu", _relu6 = "relu6",
            _relu6_ = "relu6_", _relu_ = "relu_", _rrelu = "rrelu", _rrelu_ = "rrelu_", _selu = "selu", _selu_ = "selu_",
            _sigmoid = "sigmoid", _sigmoid_ = "sigmoid_", _silu = "silu", _silu_ = "silu_", _softmax_int = "softmax.int",
            _softplus = "softplus", _threshold = "threshold", _threshold_ = "threshold_";
    }
}
