using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    // Elements chosen by index or by mask.
    public partial class Tensor
    {
        public Tensor where(Tensor condition, Tensor y) => _where_self.Call(condition, this, y);

        public Tensor masked_fill(Tensor mask, Scalar value) => _masked_fill_Scalar.Call(this, mask, value);
        public Tensor masked_fill_(Tensor mask, Scalar value) => InPlace(_masked_fill__Scalar.Invoke(this, mask, value));

        public Tensor masked_select(Tensor mask) => _masked_select.Call(this, mask);

        public Tensor masked_scatter(Tensor mask, Tensor value) => _masked_scatter.Call(this, mask, value);
        public Tensor masked_scatter_(Tensor mask, Tensor value) => InPlace(_masked_scatter_.Invoke(this, mask, value));

        public Tensor gather(long dim, Tensor index) => _gather.Call(this, dim, index);

        public Tensor scatter(long dim, Tensor index, Tensor src) => _scatter_src.Call(this, dim, index, src);
        public Tensor scatter_(long dim, Tensor index, Tensor src) => InPlace(_scatter__src.Invoke(this, dim, index, src));

        public Tensor scatter_add(long dim, Tensor index, Tensor src) => _scatter_add.Call(this, dim, index, src);
        public Tensor scatter_add_(long dim, Tensor index, Tensor src) => InPlace(_scatter_add_.Invoke(this, dim, index, src));

        public Tensor index_select(long dim, Tensor index) => _index_select.Call(this, dim, index);

        public Tensor index_add(long dim, Tensor index, Tensor source, Scalar alpha) => _index_add.Call(this, dim, index, source, alpha);
        public Tensor index_add_(long dim, Tensor index, Tensor source, Scalar alpha) => InPlace(_index_add_.Invoke(this, dim, index, source, alpha));

        public Tensor index_copy(long dim, Tensor index, Tensor source) => _index_copy.Call(this, dim, index, source);
        public Tensor index_copy_(long dim, Tensor index, Tensor source) => InPlace(_index_copy_.Invoke(this, dim, index, source));

        public Tensor index_fill(long dim, Tensor index, Scalar value) => _index_fill_int_Scalar.Call(this, dim, index, value);
        public Tensor index_fill_(long dim, Tensor index, Scalar value) => InPlace(_index_fill__int_Scalar.Invoke(this, dim, index, value));

        public Tensor take(Tensor index) => _take.Call(this, index);

        public Tensor take_along_dim(Tensor indices) => _take_along_dim.Call(this, indices);
        public Tensor take_along_dim(Tensor indices, long dim) => _take_along_dim.Call(this, indices, dim);

        public Tensor select_scatter(Tensor src, long dim, long index) => _select_scatter.Call(this, src, dim, index);

        public Tensor slice_scatter(Tensor src, long dim = 0, long? start = null, long? end = null, long step = 1) => _slice_scatter.Call(this, src, dim, start, end, step);

        public Tensor diagonal_scatter(Tensor src, long offset = 0, long dim1 = 0, long dim2 = 1) => _diagonal_scatter.Call(this, src, offset, dim1, dim2);

        public Tensor nonzero() => _nonzero.Call(this);

        public Tensor argwhere() => _argwhere.Call(this);

        public Tensor bucketize(Tensor boundaries, bool outInt32 = false, bool right = false) => _bucketize_Tensor.Call(this, boundaries, outInt32, right);

        private static readonly Op
            _argwhere = "argwhere", _bucketize_Tensor = "bucketize.Tensor", _diagonal_scatter = "diagonal_scatter", _gather = "gather",
            _index_add = "index_add", _index_add_ = "index_add_", _index_copy = "index_copy", _index_copy_ = "index_copy_",
            _index_fill__int_Scalar = "index_fill_.int_Scalar", _index_fill_int_Scalar = "index_fill.int_Scalar",
            _index_select = "index_select", _masked_fill_Scalar = "masked_fill.Scalar", _masked_fill__Scalar = "masked_fill_.Scalar",
            _masked_scatter = "masked_scatter", _masked_scatter_ = "masked_scatter_", _masked_select = "masked_select",
            _nonzero = "nonzero", _scatter__src = "scatter_.src", _scatter_add = "scatter_add", _scatter_add_ = "scatter_add_",
            _scatter_src = "scatter.src", _select_scatter = "select_scatter", _slice_scatter = "slice_scatter", _take = "take",
            _take_along_dim = "take_along_dim", _where_self = "where.self";
    }
}
