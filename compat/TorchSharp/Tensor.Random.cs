using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    // Random numbers.
    public partial class Tensor
    {
        public Tensor normal_(double mean = 0, double std = 1, Generator generator = null) => InPlace(_normal_.Invoke(this, mean, std, generator));
        public Tensor uniform_(double from, double to, Generator generator = null) => InPlace(_uniform_.Invoke(this, from, to, generator));
        public Tensor bernoulli(Generator generator = null) => _bernoulli.Call(this, generator);
        public Tensor bernoulli_(Tensor p, Generator generator = null) => InPlace(_bernoulli__Tensor.Invoke(this, p, generator));
        public Tensor bernoulli_(double p = 0.5, Generator generator = null) => InPlace(_bernoulli__float.Invoke(this, p, generator));
        public Tensor multinomial(long num_samples, bool replacement = false, Generator generator = null) => _multinomial.Call(this, num_samples, replacement, generator);
        public Tensor random_(double from, double to, Generator generator = null) => InPlace(_random__from.Invoke(this, (long)from, (long)to, generator));
        public Tensor exponential_(double lambda = 1, Generator generator = null) => InPlace(_exponential_.Invoke(this, lambda, generator));
        public Tensor geometric_(double p, Generator generator = null) => InPlace(_geometric_.Invoke(this, p, generator));
        public Tensor cauchy_(double median = 0, double sigma = 1, Generator generator = null) => InPlace(_cauchy_.Invoke(this, median, sigma, generator));
        public Tensor log_normal_(double mean = 0, double std = 1, Generator generator = null) => InPlace(_log_normal_.Invoke(this, mean, std, generator));
        public Tensor binomial(Tensor prob, Generator generator = null) => _binomial.Call(this, prob, generator);
        public Tensor poisson(Generator generator = null) => _poisson.Call(this, generator);

        private static readonly Op
            _bernoulli = "bernoulli", _bernoulli__Tensor = "bernoulli_.Tensor", _bernoulli__float = "bernoulli_.float",
            _binomial = "binomial", _cauchy_ = "cauchy_", _exponential_ = "exponential_", _geometric_ = "geometric_",
            _log_normal_ = "log_normal_", _multinomial = "multinomial", _normal_ = "normal_", _poisson = "poisson",
            _random__from = "random_.from", _uniform_ = "uniform_";
    }
}
