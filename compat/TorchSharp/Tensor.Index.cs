using System.Runtime.CompilerServices;
using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        [IndexerName("TensorItems")]
        public Tensor this[params TensorIndex[] indices] { get => index(indices); set => Assign(value, indices); }

        [IndexerName("TensorItems")]
        public Tensor this[params Tensor[] indices] { get => index(indices); set => index_put_(value, indices); }

        [IndexerName("TensorItems")]
        public Tensor this[params long[] indices] { get => Element(indices); set => AssignElement(value, indices); }

        [IndexerName("TensorItems")]
        public Tensor this[long i1] { get => select(0, i1); set => AssignElement(value, i1); }

        [IndexerName("TensorItems")]
        public Tensor this[long i1, long i2] { get => Element(i1, i2); set => AssignElement(value, i1, i2); }

        [IndexerName("TensorItems")]
        public Tensor this[long i1, long i2, long i3] { get => Element(i1, i2, i3); set => AssignElement(value, i1, i2, i3); }

        [IndexerName("TensorItems")]
        public Tensor this[long i1, long i2, long i3, long i4] { get => Element(i1, i2, i3, i4); set => AssignElement(value, i1, i2, i3, i4); }

        [IndexerName("TensorItems")]
        public Tensor this[long i1, long i2, long i3, long i4, long i5] { get => Element(i1, i2, i3, i4, i5); set => AssignElement(value, i1, i2, i3, i4, i5); }

        [IndexerName("TensorItems")]
        public Tensor this[long i1, long i2, long i3, long i4, long i5, long i6] { get => Element(i1, i2, i3, i4, i5, i6); set => AssignElement(value, i1, i2, i3, i4, i5, i6); }

        public Tensor index(params TensorIndex[] indices)
        {
            var view = View(indices, out var tensors);
            if (tensors == null) return view;
            using (view) return _index.Call(view, Arg.Optional(tensors));
        }

        public Tensor index(params Tensor[] indices) => _index.Call(this, Arg.Optional(indices));

        public Tensor index_put_(Tensor value, params TensorIndex[] indices) => Put(value, indices, false);
        public Tensor index_put_(Tensor value, TensorIndex[] indices, bool accumulate = false) => Put(value, indices, accumulate);
        public Tensor index_put_(Scalar value, params TensorIndex[] indices) { using var t = Like(value); return Put(t, indices, false); }
        public Tensor index_put_(Tensor value, params Tensor[] indices) => index_put_(value, indices, false);
        public Tensor index_put_(Scalar value, params Tensor[] indices) { using var t = Like(value); return index_put_(t, indices, false); }
        public Tensor index_put_(Tensor value, Tensor[] indices, bool accumulate = false)
        {
            _index_put_.Invoke(this, Arg.Optional(indices), value, accumulate);
            return this;
        }

        private static readonly Op _index = "index.Tensor", _index_put_ = "index_put_", _slice = "slice.Tensor";

        private Tensor Like(Scalar value) => full([], value, dtype, device);

        private Tensor Element(params ReadOnlySpan<long> indices)
        {
            var view = select(0, indices[0]);
            foreach (var i in indices[1..])
            {
                var next = view.select(0, i);
                view.Dispose();
                view = next;
            }
            return view;
        }

        private void AssignElement(Tensor value, params ReadOnlySpan<long> indices)
        {
            using var element = Element(indices);
            element.copy_(value);
        }

        private void Assign(Tensor value, TensorIndex[] indices) => Put(value, indices, false);

        private Tensor Put(Tensor value, TensorIndex[] indices, bool accumulate)
        {
            using var view = View(indices, out var tensors);
            if (tensors != null)
            {
                using var converted = value.to(dtype, device);
                view.index_put_(converted, tensors, accumulate);
            }
            else if (accumulate) view.add_(value);
            else view.copy_(value);
            return this;
        }

        /// <summary>Applies numbers, ranges and new dimensions as views; what is left for index and index_put_ are the tensors, null between them.</summary>
        private Tensor View(TensorIndex[] indices, out Tensor[] tensors)
        {
            var gathered = new List<Tensor>();
            bool any = false;
            int consumed = 0;
            foreach (var index in indices) consumed += index.Consumes;
            if (consumed > Dimensions) throw new ArgumentException($"{consumed} indices for a tensor of {Dimensions} dimensions, [{string.Join(", ", shape)}].");

            var view = alias();
            int dim = 0;
            foreach (var index in indices)
            {
                var before = view;
                switch (index.form)
                {
                    case TensorIndex.Form.Single:
                        view = view.select(dim, index.start.Value);
                        break;
                    case TensorIndex.Form.Slice:
                        view = _slice.Call(view, dim++, index.start, index.stop, index.step ?? 1);
                        gathered.Add(null);
                        break;
                    case TensorIndex.Form.Colon:
                        dim++;
                        gathered.Add(null);
                        break;
                    case TensorIndex.Form.Ellipsis:
                        for (long skip = Dimensions - consumed; skip > 0; skip--, dim++) gathered.Add(null);
                        break;
                    case TensorIndex.Form.Null:
                        view = view.unsqueeze(dim++);
                        gathered.Add(null);
                        break;
                    case TensorIndex.Form.Bool:
                        view = view.unsqueeze(dim++);
                        gathered.Add(index.flag ? zeros(1, ScalarType.Int64, device) : empty(0, ScalarType.Int64, device));
                        any = true;
                        break;
                    case TensorIndex.Form.Tensor:
                        gathered.Add(index.tensor);
                        dim += index.Consumes;
                        any = true;
                        break;
                }
                if (!ReferenceEquals(before, view)) before.Dispose();
            }
            tensors = any ? gathered.ToArray() : null;
            return view;
        }
    }
}
