namespace TorchSharp;

public static partial class torch
{
    /// <summary>One position of an indexing expression: a number, a range, a tensor, all (Colon), the rest (Ellipsis) or a new dimension (None).</summary>
    public struct TensorIndex
    {
        internal enum Form { Colon, Single, Slice, Tensor, Bool, Ellipsis, Null }

        internal Form form;
        internal long? start, stop, step;
        internal bool flag;
        internal Tensor tensor;

        public static TensorIndex Colon = new() { form = Form.Colon };
        public static TensorIndex Ellipsis = new() { form = Form.Ellipsis };
        public static TensorIndex None = new() { form = Form.Null };
        public static TensorIndex Null = new() { form = Form.Null };

        public static TensorIndex Single(long? index) => index is { } i ? new() { form = Form.Single, start = i } : None;
        public static TensorIndex Bool(bool value) => new() { form = Form.Bool, flag = value };
        public static TensorIndex Tensor(Tensor tensor) => new() { form = Form.Tensor, tensor = tensor };
        public static TensorIndex Slice(long? start = null, long? stop = null, long? step = null) => new() { form = Form.Slice, start = start, stop = stop, step = step };
        public static TensorIndex Slice((int? start, int? end) range) => Slice(range.start, range.end);
        public static TensorIndex Slice(Range range) => Slice(From(range.Start, false), From(range.End, true));

        public static implicit operator TensorIndex(long value) => Single(value);
        public static implicit operator TensorIndex(Index index) => Single(index.IsFromEnd ? -index.Value : index.Value);
        public static implicit operator TensorIndex(Range range) => Slice(range);
        public static implicit operator TensorIndex((int? start, int? end) range) => Slice(range);

        // ^0 is the end, which libtorch writes as no stop at all.
        private static long? From(Index index, bool isEnd) => !index.IsFromEnd ? index.Value : index.Value == 0 && isEnd ? null : -index.Value;

        internal readonly int Consumes => form switch
        {
            Form.Ellipsis or Form.Null or Form.Bool => 0,
            Form.Tensor => tensor.dtype == ScalarType.Bool ? (int)tensor.dim() : 1,
            _ => 1,
        };
    }
}
