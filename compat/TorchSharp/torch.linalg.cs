using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>Norms, decompositions and solvers.</summary>
    public static partial class linalg
    {
        public static (Tensor U, Tensor S, Tensor Vh) svd(Tensor input, bool fullMatrices = true) => _linalg_svd.Invoke(input, fullMatrices).Three;
        public static (Tensor, Tensor) eig(Tensor input) => _linalg_eig.Invoke(input).Two;
        public static (Tensor, Tensor) eigh(Tensor input, char UPLO = 'L') => _linalg_eigh.Invoke(input, UPLO.ToString()).Two;
        public static (Tensor, Tensor) slogdet(Tensor input) => _linalg_slogdet.Invoke(input).Two;
        public static Tensor cholesky(Tensor input) => _linalg_cholesky.Call(input);
        public static Tensor cross(Tensor input, Tensor other, long dim = -1) => _linalg_cross.Call(input, other, dim);
        public static Tensor det(Tensor input) => _linalg_det.Call(input);
        public static Tensor diagonal(Tensor input, int offset = 0, int dim1 = -2, int dim2 = -1) => input.diagonal(offset, dim1, dim2);
        public static Tensor eigvals(Tensor input) => _linalg_eigvals.Call(input);
        public static Tensor eigvalsh(Tensor input, char UPLO = 'L') => _linalg_eigvalsh.Call(input, UPLO.ToString());
        public static Tensor inv(Tensor input) => _linalg_inv.Call(input);
        public static Tensor matrix_exp(Tensor input) => input.matrix_exp();
        public static Tensor matrix_norm(Tensor input, double ord, long[] dims = null, bool keepdim = false) => _linalg_matrix_norm.Call(input, ord, dims ?? [-2, -1], keepdim);
        public static Tensor matrix_norm(Tensor input, string ord = "fro", long[] dims = null, bool keepdim = false) => _linalg_matrix_norm_str_ord.Call(input, ord, dims ?? [-2, -1], keepdim);
        public static Tensor matrix_rank(Tensor input, double? atol = null, double? rtol = null, bool hermitian = false) => _linalg_matrix_rank_atol_rtol_float.Call(input, atol, rtol, hermitian);
        public static Tensor multi_dot(IList<Tensor> tensors) => _linalg_multi_dot.Call(tensors.ToArray());
        public static Tensor norm(Tensor input, double ord, long[] dims = null, bool keepdim = false) => _linalg_norm.Call(input, ord, dims, keepdim);
        public static Tensor norm(Tensor input, int ord, long[] dims = null, bool keepdim = false) => _linalg_norm.Call(input, ord, dims, keepdim);
        public static Tensor norm(Tensor input, long[] dims = null, bool keepdim = false) => _linalg_norm.Call(input, Arg.None, dims, keepdim);
        public static Tensor norm(Tensor input, string ord, long[] dims = null, bool keepdim = false) => _linalg_norm_ord_str.Call(input, ord, dims, keepdim);
        public static Tensor pinv(Tensor input, double? atol = null, double? rtol = null, bool hermitian = false) => _linalg_pinv_atol_rtol_float.Call(input, atol, rtol, hermitian);
        public static Tensor solve(Tensor A, Tensor B, bool left = true) => _linalg_solve.Call(A, B, left);
        public static Tensor svdvals(Tensor input) => _linalg_svdvals.Call(input);
        public static Tensor vector_norm(Tensor input, double ord = 2, long[] dims = null, bool keepdim = false) => _linalg_vector_norm.Call(input, ord, dims, keepdim);

        private static readonly Op
            _linalg_cholesky = "linalg_cholesky", _linalg_cross = "linalg_cross", _linalg_det = "linalg_det", _linalg_eig = "linalg_eig",
            _linalg_eigh = "linalg_eigh", _linalg_eigvals = "linalg_eigvals", _linalg_eigvalsh = "linalg_eigvalsh",
            _linalg_inv = "linalg_inv", _linalg_matrix_norm = "linalg_matrix_norm",
            _linalg_matrix_norm_str_ord = "linalg_matrix_norm.str_ord",
            _linalg_matrix_rank_atol_rtol_float = "linalg_matrix_rank.atol_rtol_float", _linalg_multi_dot = "linalg_multi_dot",
            _linalg_norm = "linalg_norm", _linalg_norm_ord_str = "linalg_norm.ord_str",
            _linalg_pinv_atol_rtol_float = "linalg_pinv.atol_rtol_float", _linalg_slogdet = "linalg_slogdet",
            _linalg_solve = "linalg_solve", _linalg_svd = "linalg_svd", _linalg_svdvals = "linalg_svdvals",
            _linalg_vector_norm = "linalg_vector_norm";
    }
}
