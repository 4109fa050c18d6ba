using System.CommandLine;
using Mint.ML.LanguageModels;
using TorchSharp;

namespace Mint.ML.Samples.Cli.Options;

/// <summary>The option --language-model-type of the commands that answer: what a frozen language model's products are computed in.</summary>
internal static class LanguageModelTypeOption
{
    public static Option<string> Create()
    {
        var option = new Option<string>("--language-model-type")
        {
            Description = "Type of the frozen language model's products: float32, or on processors that have it, faster and nearly the same, bfloat16 or int8",
            DefaultValueFactory = _ => OptionNames.ForValue(LanguageModelType.Float32),
        };
        option.AcceptOnlyFromAmong(OptionNames.All(typeof(LanguageModelType)));
        return option;
    }

    /// <summary>Loads a model whose language model computes so; says once where that will be slower.</summary>
    /// <exception cref="ArgumentException">A type is asked for on a GPU, where language models stay as they are loaded.</exception>
    public static ModelFile Load(string name, torch.Device device, Func<ModelFile> load)
    {
        var type = OptionNames.Parse<LanguageModelType>(name);
        if (type != LanguageModelType.Float32 && device.type != DeviceType.CPU)
            throw new ArgumentException($"--language-model-type {name} is for --device cpu; leave it out on a GPU.");
        if (!NarrowLanguageModels.IsFast(type))
            StandardError.Report($"mint: this processor has no instructions for {name} that are known to be fast; float32 may be faster.");
        return NarrowLanguageModels.Load(type, load);
    }
}
