using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    // Views, and the operators that rearrange elements.
    public partial class Tensor
    {
        public Tensor alias() => _alias.Call(this);

        public Tensor view(params long[] shape) => _view.Call(this, shape);

        public Tensor view_as(Tensor other) => view(other.shape);

        public Tensor reshape(params long[] shape) => _reshape.Call(this, shape);

        public Tensor ravel() => _ravel.Call(this);

        public Tensor flatten(long start_dim = 0, long end_dim = -1) => _flatten_using_ints.Call(this, start_dim, end_dim);

        public Tensor unflatten(long dim, Size sizes) => unflatten(dim, sizes.Shape);
        public Tensor unflatten(long dim, params long[] sizes) { var all = shape; int at = Wrap((int)dim); return _view.Call(this, Unflattened(all, at, sizes)); }

        public Tensor permute(IEnumerable<long> permutation) => permute(permutation.ToArray());
        public Tensor permute(params long[] permutation) => _permute.Call(this, permutation);

        public Tensor transpose(long dim0, long dim1) => _transpose_int.Call(this, dim0, dim1);
        public Tensor transpose_(long dim0, long dim1) => InPlace(_transpose_.Invoke(this, dim0, dim1));

        public Tensor t() => _t.Call(this);

        public Tensor adjoint() => _adjoint.Call(this);

        public Tensor swapaxes(long dim0, long dim1) => _swapaxes.Call(this, dim0, dim1);

        public Tensor swapdims(long dim0, long dim1) => _swapdims.Call(this, dim0, dim1);

        public Tensor moveaxis(long[] source, long[] destination) => movedim(source, destination);

        public Tensor movedim(long[] source, long[] destination) => _movedim_intlist.Call(this, source, destination);

        public Tensor squeeze(long? dim = null) => dim is { } d ? _squeeze_dim.Call(this, d) : _squeeze.Call(this);
        public Tensor squeeze_(long? dim = null) => InPlace(dim is { } d ? _squeeze__dim.Invoke(this, d) : _squeeze_.Invoke(this));

        public Tensor unsqueeze(long dim) => _unsqueeze.Call(this, dim);
        public Tensor unsqueeze_(long dim) => InPlace(_unsqueeze_.Invoke(this, dim));

        public Tensor expand(ReadOnlySpan<long> sizes, bool isImplicit = false) => _expand.Call(this, sizes, isImplicit);
        public Tensor expand(Size sizes, bool isImplicit = false) => _expand.Call(this, sizes, isImplicit);
        public Tensor expand(long[] sizes, bool isImplicit = false) => _expand.Call(this, sizes, isImplicit);
        public Tensor expand(params long[] sizes) => _expand.Call(this, sizes);

        public Tensor expand_as(Tensor other) => _expand_as.Call(this, other);

        public Tensor broadcast_to(params long[] shape) => _broadcast_to.Call(this, shape);

        public Tensor repeat(params long[] sizes) => _repeat.Call(this, sizes);

        public Tensor repeat_interleave(Tensor repeats, long? dim = null, long? output_size = null) => _repeat_interleave_self_Tensor.Call(this, repeats, dim, output_size);
        public Tensor repeat_interleave(long repeats, long? dim = null, long? output_size = null) => _repeat_interleave_self_int.Call(this, repeats, dim, output_size);

        public Tensor tile(long[] reps) => _tile.Call(this, reps);

        public Tensor[] chunk(long chunks, long dim = 0) => _chunk.Invoke(this, chunks, dim).Tensors;

        public Tensor[] split(ReadOnlySpan<long> sizes, long dim = 0) => _split_with_sizes.Invoke(this, sizes, dim).Tensors;
        public Tensor[] split(long size, int dim = 0) => _split_Tensor.Invoke(this, size, dim).Tensors;
        public Tensor[] split(long[] sizes, long dim = 0) => _split_with_sizes.Invoke(this, sizes, dim).Tensors;
        public Tensor[] split(params long[] sizes) => _split_with_sizes.Invoke(this, sizes).Tensors;

        public Tensor[] tensor_split(Tensor indices, long dim = 0) => _tensor_split_tensor_indices_or_sections.Invoke(this, indices, dim).Tensors;
        public Tensor[] tensor_split(long size, long dim = 0) => _tensor_split_sections.Invoke(this, size, dim).Tensors;
        public Tensor[] tensor_split(long[] sizes, long dim = 0) => _tensor_split_indices.Invoke(this, sizes, dim).Tensors;

        public Tensor[] hsplit(Tensor indices) => tensor_split(indices, Dimensions == 1 ? 0 : 1);
        public Tensor[] hsplit(long size) => tensor_split(size, Dimensions == 1 ? 0 : 1);
        public Tensor[] hsplit(params long[] sizes) => tensor_split(sizes, Dimensions == 1 ? 0 : 1);

        public Tensor[] vsplit(Tensor indices) => tensor_split(indices, 0);
        public Tensor[] vsplit(long size) => tensor_split(size, 0);
        public Tensor[] vsplit(params long[] sizes) => tensor_split(sizes, 0);

        public Tensor[] dsplit(Tensor indices) => tensor_split(indices, 2);
        public Tensor[] dsplit(long size) => tensor_split(size, 2);
        public Tensor[] dsplit(params long[] sizes) => tensor_split(sizes, 2);

        public Tensor[] unbind(long dimension = 0) => _unbind_int.Invoke(this, dimension).Tensors;

        public Tensor narrow(long dim, long start, long length) => _narrow.Call(this, dim, start, length);

        public Tensor select(long dim, long index) => _select_int.Call(this, dim, index);

        public Tensor slice(long dim, long start, long finish, long step) => _slice.Call(this, dim, start, finish, step);

        public Tensor diagonal(long offset = 0, long dim1 = 0, long dim2 = 1) => _diagonal.Call(this, offset, dim1, dim2);

        public Tensor diag(long diagonal = 0) => _diag.Call(this, diagonal);

        public Tensor diagflat(long offset = 0) => _diagflat.Call(this, offset);

        public Tensor diag_embed(long offset = 0, long dim1 = -2, long dim2 = -1) => _diag_embed.Call(this, offset, dim1, dim2);

        public Tensor unfold(long dimension, long size, long step) => _unfold.Call(this, dimension, size, step);

        public Tensor as_strided(long[] size, long[] strides, long storageOffset = 0) => _as_strided.Call(this, size, strides, storageOffset);

        public Tensor tril(long diagonal = 0) => _tril.Call(this, diagonal);
        public Tensor tril_(long diagonal = 0) => InPlace(_tril_.Invoke(this, diagonal));

        public Tensor triu(long diagonal = 0) => _triu.Call(this, diagonal);
        public Tensor triu_(long diagonal = 0) => InPlace(_triu_.Invoke(this, diagonal));

        public Tensor roll((long, long) shifts, (long, long) dims) => _roll.Call(this, (ReadOnlySpan<long>)[shifts.Item1, shifts.Item2], (ReadOnlySpan<long>)[dims.Item1, dims.Item2]);
        public Tensor roll((long, long, long) shifts, (long, long, long) dims) => _roll.Call(this, (ReadOnlySpan<long>)[shifts.Item1, shifts.Item2, shifts.Item3], (ReadOnlySpan<long>)[dims.Item1, dims.Item2, dims.Item3]);
        public Tensor roll(ReadOnlySpan<long> shifts, ReadOnlySpan<long> dims = default) => _roll.Call(this, shifts, dims);
        public Tensor roll(long shifts, long? dims = null) => _roll.Call(this, (ReadOnlySpan<long>)[shifts], dims is { } d ? (Arg)(ReadOnlySpan<long>)[d] : (ReadOnlySpan<long>)[]);
        public Tensor roll(long[] shifts) => _roll.Call(this, shifts);
        public Tensor roll(long[] shifts, long[] dims) => _roll.Call(this, shifts, dims);

        public Tensor flip(params long[] dims) => _flip.Call(this, dims);

        public Tensor fliplr() => _fliplr.Call(this);

        public Tensor flipud() => _flipud.Call(this);

        public Tensor rot90(long k = 1, (long, long)? dims = null) => _rot90.Call(this, k, (ReadOnlySpan<long>)[dims?.Item1 ?? 0, dims?.Item2 ?? 1]);

        public Tensor contiguous() => _contiguous.Call(this);

        public Tensor clone() => _clone.Call(this);

        public Tensor detach() => _detach.Call(this);
        public Tensor detach_() => InPlace(_detach_.Invoke(this));

        public Tensor view_as_real() => _view_as_real.Call(this);

        public Tensor view_as_complex() => _view_as_complex.Call(this);

        public Tensor atleast_1d() => _atleast_1d.Call(this);

        public Tensor atleast_2d() => _atleast_2d.Call(this);

        public Tensor atleast_3d() => _atleast_3d.Call(this);

        public Tensor channel_shuffle(long groups) => _channel_shuffle.Call(this, groups);

        public Tensor to_dense() => _to_dense.Call(this);

        public Tensor pin_memory() => _pin_memory.Call(this);

        public Tensor vander(long N = -1, bool increasing = false) => torch.vander(this, N, increasing);

        public Tensor T => t();
        public Tensor mT => transpose(-2, -1);

        // One size may be -1: what the others leave.
        private static long[] Unflattened(long[] shape, int dim, long[] sizes) => [.. shape[..dim], .. sizes, .. shape[(dim + 1)..]];

        private static readonly Op
            _adjoint = "adjoint", _alias = "alias", _as_strided = "as_strided", _atleast_1d = "atleast_1d", _atleast_2d = "atleast_2d",
            _atleast_3d = "atleast_3d", _broadcast_to = "broadcast_to", _channel_shuffle = "channel_shuffle", _chunk = "chunk",
            _clone = "clone", _contiguous = "contiguous", _detach = "detach", _detach_ = "detach_", _diag = "diag",
            _diag_embed = "diag_embed", _diagflat = "diagflat", _diagonal = "diagonal", _expand = "expand", _expand_as = "expand_as",
            _flatten_using_ints = "flatten.using_ints", _flip = "flip", _fliplr = "fliplr", _flipud = "flipud",
            _movedim_intlist = "movedim.intlist", _narrow = "narrow", _permute = "permute", _pin_memory = "pin_memory", _ravel = "ravel",
            _repeat = "repeat", _repeat_interleave_self_Tensor = "repeat_interleave.self_Tensor",
            _repeat_interleave_self_int = "repeat_interleave.self_int", _reshape = "reshape", _roll = "roll", _rot90 = "rot90",
            _select_int = "select.int", _split_Tensor = "split.Tensor", _split_with_sizes = "split_with_sizes", _squeeze = "squeeze",
            _squeeze_ = "squeeze_", _squeeze__dim = "squeeze_.dim", _squeeze_dim = "squeeze.dim", _swapaxes = "swapaxes",
            _swapdims = "swapdims", _t = "t", _tensor_split_indices = "tensor_split.indices",
            _tensor_split_sections = "tensor_split.sections",
            _tensor_split_tensor_indices_or_sections = "tensor_split.tensor_indices_or_sections", _tile = "tile", _to_dense = "to_dense",
            _transpose_ = "transpose_", _transpose_int = "transpose.int", _tril = "tril", _tril_ = "tril_", _triu = "triu",
            _triu_ = "triu_", _unbind_int = "unbind.int", _unfold = "unfold", _unsqueeze = "unsqueeze", _unsqueeze_ = "unsqueeze_",
            _view = "view", _view_as_complex = "view_as_complex", _view_as_real = "view_as_real";
    }
}
