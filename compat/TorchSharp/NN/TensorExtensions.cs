using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchSharp;

public static partial class TensorExtensionMethods
{
    public static Parameter AsParameter(this Tensor tensor) => new(tensor);

    public static void Save(this Tensor tensor, BinaryWriter writer) => TensorStream.Save(writer, tensor);

    public static void Save(this Tensor tensor, Stream stream)
    {
        using var writer = new BinaryWriter(stream);
        TensorStream.Save(writer, tensor);
    }

    public static void Save(this Tensor tensor, string location)
    {
        using var stream = File.Create(location);
        tensor.Save(stream);
    }

    public static Tensor Load(BinaryReader reader, bool skip = false)
    {
        var loaded = TensorStream.Load(reader);
        if (!skip) return loaded;
        loaded.Dispose(); // read all the same: what follows begins after it
        return null;
    }

    public static void Load(this Tensor tensor, BinaryReader reader, bool skip = false)
    {
        using var loaded = TensorStream.Load(reader);
        if (skip) return;
        using (no_grad()) tensor.copy_(loaded);
    }
}
