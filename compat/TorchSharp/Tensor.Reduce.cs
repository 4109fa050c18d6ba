using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    // Sums, means, extremes, order and counts.
    public partial class Tensor
    {
        public Tensor sum(ReadOnlySpan<long> dim, bool keepdim = false, ScalarType? type = null) => _sum_dim_IntList.Call(this, dim, keepdim, type);
        public Tensor sum(ScalarType? type = null) => _sum.Call(this, type);
        public Tensor sum(long dim, bool keepdim = false, ScalarType? type = null) => sum((ReadOnlySpan<long>)[dim], keepdim, type);
        public Tensor sum(long dim0, long dim1, bool keepdim = false, ScalarType? type = null) => sum((ReadOnlySpan<long>)[dim0, dim1], keepdim, type);
        public Tensor sum(long dim0, long dim1, long dim2, bool keepdim = false, ScalarType? type = null) => sum((ReadOnlySpan<long>)[dim0, dim1, dim2], keepdim, type);
        public Tensor sum(long[] dim, bool keepdim = false, ScalarType? type = null) => _sum_dim_IntList.Call(this, dim, keepdim, type);

        public Tensor nansum() => _nansum.Call(this);

        public Tensor mean() => _mean.Call(this);
        public Tensor mean(long[] dimensions, bool keepdim = false, ScalarType? type = null) => _mean_dim.Call(this, dimensions, keepdim, type);

        public Tensor nanmean(int? dim = null, bool keepdim = false, ScalarType? dtype = null) => _nanmean.Call(this, dim, keepdim, dtype);

        public Tensor prod(ScalarType? type = null) => _prod.Call(this, type);
        public Tensor prod(long dim, bool keepdim = false, ScalarType? type = null) => _prod_dim_int.Call(this, dim, keepdim, type);

        public Tensor std((long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => std((ReadOnlySpan<long>)[dim.Item1, dim.Item2], unbiased, keepdim, type);
        public Tensor std((long, long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => std((ReadOnlySpan<long>)[dim.Item1, dim.Item2, dim.Item3], unbiased, keepdim, type);
        public Tensor std(ReadOnlySpan<long> dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) { using var typed = Typed(type); return _std_dim.Call(typed, dimensions, unbiased, keepdim); }
        public Tensor std(bool unbiased = true) => _std.Call(this, unbiased);
        public Tensor std(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => std((ReadOnlySpan<long>)[dim], unbiased, keepdim, type);
        public Tensor std(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => std((ReadOnlySpan<long>)dimensions, unbiased, keepdim, type);

        public Tensor var((long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => var((ReadOnlySpan<long>)[dim.Item1, dim.Item2], unbiased, keepdim, type);
        public Tensor var((long, long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => var((ReadOnlySpan<long>)[dim.Item1, dim.Item2, dim.Item3], unbiased, keepdim, type);
        public Tensor var(ReadOnlySpan<long> dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) { using var typed = Typed(type); return _var_dim.Call(typed, dimensions, unbiased, keepdim); }
        public Tensor var(bool unbiased = true) => _var.Call(this, unbiased);
        public Tensor var(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => var((ReadOnlySpan<long>)[dim], unbiased, keepdim, type);
        public Tensor var(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => var((ReadOnlySpan<long>)dimensions, unbiased, keepdim, type);

        public (Tensor std, Tensor mean) std_mean((long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => std_mean((ReadOnlySpan<long>)[dim.Item1, dim.Item2], unbiased, keepdim, type);
        public (Tensor std, Tensor mean) std_mean((long, long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => std_mean((ReadOnlySpan<long>)[dim.Item1, dim.Item2, dim.Item3], unbiased, keepdim, type);
        public (Tensor std, Tensor mean) std_mean(ReadOnlySpan<long> dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) { using var typed = Typed(type); return _std_mean_dim.Invoke(typed, dimensions, unbiased, keepdim).Two; }
        public (Tensor std, Tensor mean) std_mean(bool unbiased = true) => _std_mean.Invoke(this, unbiased).Two;
        public (Tensor std, Tensor mean) std_mean(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => std_mean((ReadOnlySpan<long>)[dim], unbiased, keepdim, type);
        public (Tensor std, Tensor mean) std_mean(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => std_mean((ReadOnlySpan<long>)dimensions, unbiased, keepdim, type);

        public (Tensor std, Tensor mean) var_mean(ReadOnlySpan<long> dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) { using var typed = Typed(type); return _var_mean_dim.Invoke(typed, dimensions, unbiased, keepdim).Two; }
        public (Tensor std, Tensor mean) var_mean(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => var_mean((ReadOnlySpan<long>)dimensions, unbiased, keepdim, type);
        public (Tensor var, Tensor mean) var_mean((long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => var_mean((ReadOnlySpan<long>)[dim.Item1, dim.Item2], unbiased, keepdim, type);
        public (Tensor var, Tensor mean) var_mean((long, long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => var_mean((ReadOnlySpan<long>)[dim.Item1, dim.Item2, dim.Item3], unbiased, keepdim, type);
        public (Tensor var, Tensor mean) var_mean(bool unbiased = true) => _var_mean.Invoke(this, unbiased).Two;
        public (Tensor var, Tensor mean) var_mean(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => var_mean((ReadOnlySpan<long>)[dim], unbiased, keepdim, type);

        public (Tensor values, Tensor indexes) max(long dim, bool keepdim = false) => _max_dim.Invoke(this, dim, keepdim).Two;
        public Tensor max() => _max.Call(this);
        public Tensor max(Tensor other) => _max_other.Call(this, other);

        public (Tensor values, Tensor indexes) min(long dim, bool keepdim = false) => _min_dim.Invoke(this, dim, keepdim).Two;
        public Tensor min() => _min.Call(this);
        public Tensor min(Tensor other) => _min_other.Call(this, other);

        public Tensor amax(ReadOnlySpan<long> dims, bool keepdim = false, Tensor @out = null) => @out is null ? _amax.Call(this, dims, keepdim) : @out.InPlace(_amax_out.Invoke(this, dims, keepdim, @out));
        public Tensor amax(long[] dims, bool keepdim = false, Tensor @out = null) => amax((ReadOnlySpan<long>)dims, keepdim, @out);
        public Tensor amax(params long[] dims) => _amax.Call(this, dims);

        public Tensor amin(ReadOnlySpan<long> dims, bool keepdim = false, Tensor @out = null) => @out is null ? _amin.Call(this, dims, keepdim) : @out.InPlace(_amin_out.Invoke(this, dims, keepdim, @out));
        public Tensor amin(long[] dims, bool keepdim = false, Tensor @out = null) => amin((ReadOnlySpan<long>)dims, keepdim, @out);
        public Tensor amin(params long[] dims) => _amin.Call(this, dims);

        public (Tensor min, Tensor max) aminmax(long? dim = null, bool keepdim = false) => _aminmax.Invoke(this, dim, keepdim).Two;

        public Tensor argmax() => _argmax.Call(this);
        public Tensor argmax(long dim, bool keepdim = false) => _argmax.Call(this, dim, keepdim);

        public Tensor argmin() => _argmin.Call(this);
        public Tensor argmin(long dim, bool keepdim = false) => _argmin.Call(this, dim, keepdim);

        public Tensor all() => _all.Call(this);
        public Tensor all(long dim, bool keepdim = false) => _all_dim.Call(this, dim, keepdim);

        public Tensor any() => _any.Call(this);
        public Tensor any(long dim, bool keepdim = false) => _any_dim.Call(this, dim, keepdim);

        public Tensor median() => _median.Call(this);

        public Tensor nanmedian() => _nanmedian.Call(this);

        public (Tensor values, Tensor indices) mode(long dim = -1, bool keepdim = false) => _mode.Invoke(this, dim, keepdim).Two;

        public (Tensor values, Tensor indices) kthvalue(long k, long? dim, bool keepdim = false) => _kthvalue.Invoke(this, k, dim ?? -1, keepdim).Two;

        public Tensor quantile(Tensor q, long dim = -1, bool keepdim = false) => _quantile.Call(this, q, dim, keepdim);

        public Tensor nanquantile(Tensor q, long dim = -1, bool keepdim = false) => _nanquantile.Call(this, q, dim, keepdim);

        public Tensor norm(float p = 2f) => _norm_Scalar.Call(this, p);
        public Tensor norm(int dim, bool keepdim = false, float p = 2f) => _norm_ScalarOpt_dim.Call(this, p, dim, keepdim);

        public Tensor dist(Tensor other, float p = 2f) => _dist.Call(this, other, p);

        public Tensor logsumexp(long dim, bool keepdim = false) => _logsumexp.Call(this, dim, keepdim);

        public Tensor logcumsumexp(long dim) => _logcumsumexp.Call(this, dim);

        public Tensor cumsum(long dim, ScalarType? type = null) => _cumsum.Call(this, dim, type);

        public Tensor cumprod(long dim, ScalarType? type = null) => _cumprod.Call(this, dim, type);

        public (Tensor values, Tensor indexes) cummax(long dim) => _cummax.Invoke(this, dim).Two;

        public (Tensor values, Tensor indexes) cummin(long dim) => _cummin.Invoke(this, dim).Two;

        public Tensor count_nonzero(long[] dims = null) => dims is null ? _count_nonzero.Call(this) : _count_nonzero_dim_IntList.Call(this, dims);

        public (Tensor values, Tensor indexes) topk(int k, int dim = -1, bool largest = true, bool sorted = true) => _topk.Invoke(this, k, dim, largest, sorted).Two;

        public (Tensor Values, Tensor Indices) sort(long dim = -1, bool descending = false, bool stable = false) => _sort_stable.Invoke(this, stable, dim, descending).Two;

        public Tensor argsort(long dim = -1, bool descending = false) => _argsort.Call(this, dim, descending);

        public Tensor msort() => _msort.Call(this);

        public (Tensor output, Tensor inverse_indices, Tensor counts) unique(bool sorted = true, bool return_inverse = false, bool return_counts = false, int? dim = null) => Found(dim is { } d ? _unique_dim.Invoke(this, d, sorted, return_inverse, return_counts) : __unique2.Invoke(this, sorted, return_inverse, return_counts), return_inverse, return_counts);

        public (Tensor output, Tensor inverse_indices, Tensor counts) unique_consecutive(bool return_inverse = false, bool return_counts = false, int? dim = null) => Found(_unique_consecutive.Invoke(this, return_inverse, return_counts, dim), return_inverse, return_counts);

        public Tensor bincount(Tensor weights, long minlength = 0) => _bincount.Call(this, weights, minlength);

        public Tensor histc(long bins = 100, long min = 0, long max = 0) => _histc.Call(this, bins, min, max);

        public Tensor trace() => _trace.Call(this);

        public Tensor cov(long correction = 1, Tensor fweights = null, Tensor aweights = null) => _cov.Call(this, correction, fweights, aweights);

        public Tensor corrcoef() => _corrcoef.Call(this);

        public Tensor diff(long n = 1, long dim = -1, Tensor prepend = null, Tensor append = null) => _diff.Call(this, n, dim, prepend, append);

        public Tensor trapezoid(Tensor x, long dim = -1) => _trapezoid_x.Call(this, x, dim);
        public Tensor trapezoid(double dx = 1, long dim = -1) => _trapezoid_dx.Call(this, dx, dim);

        public Tensor cumulative_trapezoid(Tensor x, long dim = -1) => _cumulative_trapezoid_x.Call(this, x, dim);
        public Tensor cumulative_trapezoid(double dx = 1, long dim = -1) => _cumulative_trapezoid_dx.Call(this, dx, dim);

        public Tensor renorm(float p, long dim, float maxnorm) => _renorm.Call(this, p, dim, maxnorm);

        private Tensor Typed(ScalarType? type) => type is { } t ? to_type(t) : alias();

        // What was not asked for is null.
        private static (Tensor, Tensor, Tensor) Found(Result result, bool inverse, bool counts)
        {
            var (output, inverses, count) = result.Three;
            if (!inverse) inverses?.Dispose();
            if (!counts) count?.Dispose();
            return (output, inverse ? inverses : null, counts ? count : null);
        }

        private static readonly Op
            __unique2 = "_unique2", _all = "all", _all_dim = "all.dim", _amax = "amax", _amax_out = "amax.out", _amin = "amin",
            _amin_out = "amin.out", _aminmax = "aminmax", _any = "any", _any_dim = "any.dim", _argmax = "argmax", _argmin = "argmin",
            _argsort = "argsort", _bincount = "bincount", _corrcoef = "corrcoef", _count_nonzero = "count_nonzero",
            _count_nonzero_dim_IntList = "count_nonzero.dim_IntList", _cov = "cov", _cummax = "cummax", _cummin = "cummin",
            _cumprod = "cumprod", _cumsum = "cumsum", _cumulative_trapezoid_dx = "cumulative_trapezoid.dx",
            _cumulative_trapezoid_x = "cumulative_trapezoid.x", _diff = "diff", _dist = "dist", _histc = "histc", _kthvalue = "kthvalue",
            _logcumsumexp = "logcumsumexp", _logsumexp = "logsumexp", _max = "max", _max_dim = "max.dim", _max_other = "max.other",
            _mean = "mean", _mean_dim = "mean.dim", _median = "median", _min = "min", _min_dim = "min.dim", _min_other = "min.other",
            _mode = "mode", _msort = "msort", _nanmean = "nanmean", _nanmedian = "nanmedian", _nanquantile = "nanquantile",
            _nansum = "nansum", _norm_Scalar = "norm.Scalar", _norm_ScalarOpt_dim = "norm.ScalarOpt_dim", _prod = "prod",
            _prod_dim_int = "prod.dim_int", _quantile = "quantile", _renorm = "renorm", _sort_stable = "sort.stable", _std = "std",
            _std_dim = "std.dim", _std_mean = "std_mean", _std_mean_dim = "std_mean.dim", _sum = "sum",
            _sum_dim_IntList = "sum.dim_IntList", _topk = "topk", _trace = "trace", _trapezoid_dx = "trapezoid.dx",
            _trapezoid_x = "trapezoid.x", _unique_consecutive = "unique_consecutive", _unique_dim = "unique_dim", _var = "var",
            _var_dim = "var.dim", _var_mean = "var_mean", _var_mean_dim = "var_mean.dim";
    }
}
