using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    // Products and decompositions of matrices.
    public partial class Tensor
    {
        public Tensor matmul(Tensor target) => _matmul.Call(this, target);
        public Tensor mm(Tensor target) => _mm.Call(this, target);
        public Tensor bmm(Tensor batch2) => _bmm.Call(this, batch2);
        public Tensor mv(Tensor target) => _mv.Call(this, target);
        public Tensor dot(Tensor target) => _dot.Call(this, target);
        public Tensor vdot(Tensor target) => _vdot.Call(this, target);
        public Tensor inner(Tensor vec2) => _inner.Call(this, vec2);
        public Tensor outer(Tensor vec2) => _outer.Call(this, vec2);
        public Tensor ger(Tensor vec2) => _ger.Call(this, vec2);
        public Tensor addmm(Tensor mat1, Tensor mat2, float beta = 1f, float alpha = 1f) => _addmm.Call(this, mat1, mat2, beta, alpha);
        public Tensor addmm_(Tensor mat1, Tensor mat2, float beta = 1f, float alpha = 1f) => InPlace(_addmm_.Invoke(this, mat1, mat2, beta, alpha));
        public Tensor addbmm(Tensor batch1, Tensor batch2, float beta = 1f, float alpha = 1f) => _addbmm.Call(this, batch1, batch2, beta, alpha);
        public Tensor addbmm_(Tensor batch1, Tensor batch2, float beta = 1f, float alpha = 1f) => InPlace(_addbmm_.Invoke(this, batch1, batch2, beta, alpha));
        public Tensor addmv(Tensor mat, Tensor vec, float beta = 1f, float alpha = 1f) => _addmv.Call(this, mat, vec, beta, alpha);
        public Tensor addmv_(Tensor mat, Tensor vec, float beta = 1f, float alpha = 1f) => InPlace(_addmv_.Invoke(this, mat, vec, beta, alpha));
        public Tensor addr(Tensor vec1, Tensor vec2, float beta = 1f, float alpha = 1f) => _addr.Call(this, vec1, vec2, beta, alpha);
        public Tensor addr_(Tensor vec1, Tensor vec2, float beta = 1f, float alpha = 1f) => InPlace(_addr_.Invoke(this, vec1, vec2, beta, alpha));
        public Tensor baddbmm(Tensor batch1, Tensor batch2, float beta = 1f, float alpha = 1f) => _baddbmm.Call(this, batch1, batch2, beta, alpha);
        public Tensor tensordot(Tensor b, (long, long)[] dims) => _tensordot.Call(this, b, dims.Select(d => d.Item1).ToArray(), dims.Select(d => d.Item2).ToArray());
        public Tensor tensordot(Tensor b, long dims = 2) { var (a, o) = Contracted(dims); return _tensordot.Call(this, b, a, o); }
        public Tensor tensordot(Tensor b, long[] dims1, long[] dims2) => _tensordot.Call(this, b, dims1, dims2);
        public Tensor kron(Tensor other) => _kron.Call(this, other);
        public Tensor det() => _det.Call(this);
        public Tensor logdet() => _logdet.Call(this);
        public Tensor inverse() => _inverse.Call(this);
        public Tensor pinverse(double rcond = 1E-15, bool hermitian = false) => _linalg_pinv.Call(this, rcond, hermitian);
        public Tensor matrix_power(int n) => _matrix_power.Call(this, n);
        public Tensor matrix_exp() => _matrix_exp.Call(this);
        public Tensor cholesky(bool upper = false) => _cholesky.Call(this, upper);
        public Tensor cholesky_inverse(bool upper = false) => _cholesky_inverse.Call(this, upper);
        public Tensor cholesky_solve(Tensor input2, bool upper = false) => _cholesky_solve.Call(this, input2, upper);
        public (Tensor a, Tensor tau) geqrf() => _geqrf.Invoke(this).Two;
        public Tensor ormqr(Tensor tau, Tensor other, bool left = true, bool transpose = false) => _ormqr.Call(this, tau, other, left, transpose);

        // The last n dimensions of this against the first n of the other.
        private (long[], long[]) Contracted(long n) =>
            (Enumerable.Range(0, (int)n).Select(i => Dimensions - n + i).ToArray(), Enumerable.Range(0, (int)n).Select(i => (long)i).ToArray());

        private static readonly Op
            _addbmm = "addbmm", _addbmm_ = "addbmm_", _addmm = "addmm", _addmm_ = "addmm_", _addmv = "addmv", _addmv_ = "addmv_",
            _addr = "addr", _addr_ = "addr_", _baddbmm = "baddbmm", _bmm = "bmm", _cholesky = "cholesky",
            _cholesky_inverse = "cholesky_inverse", _cholesky_solve = "cholesky_solve", _det = "det", _dot = "dot", _geqrf = "geqrf",
            _ger = "ger", _inner = "inner", _inverse = "inverse", _kron = "kron", _linalg_pinv = "linalg_pinv", _logdet = "logdet",
            _matmul = "matmul", _matrix_exp = "matrix_exp", _matrix_power = "matrix_power", _mm = "mm", _mv = "mv", _ormqr = "ormqr",
            _outer = "outer", _tensordot = "tensordot", _vdot = "vdot";
    }
}
