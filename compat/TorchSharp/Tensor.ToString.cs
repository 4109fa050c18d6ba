using System.Globalization;
using System.Text;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        /// <summary>Shape, type and device; then the values of a small tensor, row by row, in brackets.</summary>
        public override string ToString()
        {
            if (IsInvalid) return "(disposed tensor)";
            var text = new StringBuilder($"[{string.Join("x", shape)}], type = {dtype}, device = {device}");
            if (is_meta || is_sparse || NumberOfElements > 1000) return text.ToString();
            using var scope = NewDisposeScope();
            using var values = Printable(detach().cpu());
            text.Append(Dimensions == 0 ? ", value = " : Environment.NewLine);
            Append(text, values, 0);
            return text.ToString();
        }

        private static Tensor Printable(Tensor tensor) =>
            torch.is_complex(tensor.dtype) ? tensor.resolve_conj().view_as_real().to_type(ScalarType.Float64) : tensor.to_type(ScalarType.Float64);

        private static void Append(StringBuilder text, Tensor values, int depth)
        {
            if (values.Dimensions == 0)
            {
                text.Append(values.item<double>().ToString("g5", CultureInfo.InvariantCulture));
                return;
            }
            text.Append('[');
            for (long i = 0, count = values.shape[0]; i < count; i++)
            {
                if (i > 0) text.Append(values.Dimensions == 1 ? " " : Environment.NewLine + new string(' ', depth + 1));
                using var part = values[i];
                Append(text, part, depth + 1);
            }
            text.Append(']');
        }
    }
}
