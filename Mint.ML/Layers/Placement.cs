using Mint.ML.LanguageModels;
using TorchSharp;
using static TorchSharp.torch;

namespace Mint.ML.Layers;

internal static class Placement
{
    /// <summary>Gives a model with unset weights its type and device, before they are read; float32 on the CPU where null.</summary>
    public static T Placed<T>(this T model, ScalarType? dtype, Device? device) where T : nn.Module
    {
        if (dtype is not null && dtype != ScalarType.Float32)
            model.to(dtype.Value);
        if (device is not null && device.type != DeviceType.CPU)
            model.to(device);
        model.eval();
        return model;
    }

    /// <summary>Takes a model out of training: gradients pass through it, and none are kept for its weights.</summary>
    public static T Frozen<T>(this T model) where T : nn.Module
    {
        foreach (var parameter in model.parameters())
            parameter.requires_grad = false;
        return model;
    }

    /// <summary>Marks a frozen model's layers as those that answers are decoded by, a few rows at a time: their products are packed
    /// (<see cref="PackedWeight"/>).</summary>
    public static T Decoding<T>(this T model) where T : nn.Module
    {
        foreach (var layer in model.WithSelf().OfType<Linear>())
            layer.Packed ??= new PackedWeight(inputsFirst: false);
        return model;
    }

    /// <summary>Gives a frozen language model's products the type that its loading was asked for (<see cref="NarrowLanguageModels"/>), before its weights are
    /// read: those of its layers are then never held in float32 all at once.</summary>
    public static T Narrowed<T>(this T model) where T : nn.Module
    {
        if (NarrowLanguageModels.Chosen is not (var type and not LanguageModelType.Float32)) return model;
        foreach (var layer in model.WithSelf())
        {
            if (layer is Linear linear) linear.Packed = new NarrowWeight(type, inputsFirst: false);
            else if (layer is Conv1D transposed) transposed.Packed = new NarrowWeight(type, inputsFirst: true);
            else if (layer is Embedding table) table.Packed = new NarrowWeight(type, inputsFirst: false); // made only where it gives logits
        }
        return model;
    }

    /// <summary>Who takes the place of which weight while a checkpoint is read.</summary>
    public static Dictionary<Tensor, NarrowWeight> NarrowWeights(this nn.Module model)
    {
        var found = new Dictionary<Tensor, NarrowWeight>(ReferenceEqualityComparer.Instance);
        foreach (var layer in model.WithSelf())
        {
            if (layer is Linear { Packed: NarrowWeight packed } linear && DenseProduct.Plain(linear.weight)) found[linear.weight] = packed;
            else if (layer is Conv1D { Packed: NarrowWeight turned } transposed && DenseProduct.Plain(transposed.weight)) found[transposed.weight] = turned;
        }
        return found;
    }

    /// <summary>A module and all below it: TorchSharp's modules() leaves out the module itself.</summary>
    public static IEnumerable<nn.Module> WithSelf(this nn.Module model) => model.modules().Prepend(model);
}
