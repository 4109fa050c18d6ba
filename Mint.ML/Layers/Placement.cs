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
        foreach (var layer in model.modules().OfType<Linear>())
            layer.Packed ??= new(inputsFirst: false);
        return model;
    }
}
