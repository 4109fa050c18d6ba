using TorchSharp.Native;

namespace TorchSharp;

// Random numbers. As functions.
public static partial class torch
{
    public static Tensor normal(Tensor mean, Tensor std, Generator generator = null) => _normal_Tensor_Tensor.Call(mean, std, generator);
    public static Tensor bernoulli(Tensor input, Generator generator = null) => input.bernoulli(generator);
    public static Tensor multinomial(Tensor input, long num_samples, bool replacement = false, Generator generator = null) => input.multinomial(num_samples, replacement, generator);
    public static Tensor binomial(Tensor count, Tensor probs, Generator generator = null) => count.binomial(probs, generator);
    public static Tensor poisson(Tensor input, Generator generator = null) => input.poisson(generator);
    public static int randint_int(int high, Generator generator = null) => randint_int(0, high, generator);
    public static int randint_int(int low, int high, Generator generator = null) => (int)randint_long(low, high, generator);
    public static long randint_long(long high, Generator generator = null) => randint_long(0, high, generator);
    public static long randint_long(long low, long high, Generator generator = null) { using var t = randint(low, high, new long[] { 1 }, generator: generator); return t.item<long>(); }
    public static bool randint_bool(Generator generator = null) => randint_long(0, 2, generator) == 1;
    public static double rand_float(Generator generator = null) { using var t = rand(1L, ScalarType.Float64, generator: generator); return t.item<double>(); }
    public static double randn_float(Generator generator = null) { using var t = randn(1L, ScalarType.Float64, generator: generator); return t.item<double>(); }

    private static readonly Op
        _normal_Tensor_Tensor = "normal.Tensor_Tensor";
}
