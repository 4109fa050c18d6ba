using Microsoft.ML;
using Mint.ML.Systems;
using Mint.ML.Text;
using Mint.ML.Training;

namespace Mint.ML.Transforms.RowMapping;

/// <summary>What can be wrong with a step's options beside what their records know themselves: told when the step is made, before anything long
/// begins.</summary>
internal static class StepErrors
{
    /// <summary>Column names: each there, and none twice.</summary>
    public static void Columns(this OptionErrors errors, params (string Option, string? Name)[] columns)
    {
        foreach (var (option, name) in columns) errors.Require(!string.IsNullOrEmpty(name), $"{option} is empty; it names a column.");
        foreach (var same in columns.Where(column => !string.IsNullOrEmpty(column.Name)).GroupBy(column => column.Name))
            errors.Require(same.Count() == 1, $"{string.Join(" and ", same.Select(column => column.Option))} name the same column '{same.Key}'.");
    }

    /// <summary>A metric to keep the best weights by needs rows to measure it on; told before a row is read.</summary>
    /// <exception cref="ArgumentException">There are none.</exception>
    public static void CheckBestBy(TrainingOptions training, IDataView? heldOut)
    {
        if (training.BestBy is { } metric && heldOut is null)
            throw new ArgumentException($"Training.BestBy is '{metric}'; without held-out rows there are no metrics. Set ValidationSet, or leave BestBy out.");
    }

    /// <summary>A model of one kind or of the other.</summary>
    public static void OneOf(this OptionErrors errors, InstructionTunedTransformer? model, AudioLanguageSystem? system) =>
        errors.Require(model is null || system is null, "Model and System are both set; one of them answers.");

    /// <summary>Rows that go through a model at once.</summary>
    public static void Batch(this OptionErrors errors, int rows) => errors.Require(rows >= 1, $"BatchSize is {rows}; at least one row goes through at once.");

    /// <summary>The folder of an audio encoder.</summary>
    public static void Encoder(this OptionErrors errors, string option, string? path) => errors.Folder(option, path, required: true,
        ModelCatalog.RequireAudioEncoder);

    /// <summary>The folder of a language model, with its tokenizer.</summary>
    public static void LanguageModel(this OptionErrors errors, string option, string? path) => errors.Folder(option, path, required: true, folder =>
    {
        ModelCatalog.RequireLanguageModel(folder);
        TextTokenizer.Load(folder);
    });

    /// <summary>The folder of a CLAP with its tokenizer, where one is named instead of a bridge.</summary>
    public static void Clap(this OptionErrors errors, string? path, BridgeNetTransformer? bridge, AudioLanguageSystem? system)
    {
        errors.Require(path is null || bridge is null, "Clap and Bridge are both set; one of them makes the vectors.");
        errors.Require(system is null || (path ?? (object?)bridge) is null, "System is set beside Clap or Bridge; one of them makes the vectors.");
        if (path is null) return;
        errors.Folder(nameof(Clap), path, required: true, folder =>
        {
            ModelCatalog.Require(folder, nameof(Encoders.Clap));
            TextTokenizer.Load(folder);
        });
    }

    /// <summary>A folder of a frozen model, which must be there where one is named, and hold what is asked for.</summary>
    public static void Folder(this OptionErrors errors, string option, string? path, bool required, Action<string> holds)
    {
        const string Advice = "Give the path of a Hugging Face folder: config.json, weights, tokenizer files.";
        if (string.IsNullOrEmpty(path))
        {
            errors.Require(!required, $"{option} is empty. {Advice}");
        }
        else if (!Directory.Exists(path))
        {
            errors.Require(false, $"{option}: there is no model folder '{path}' (looked in {Path.GetFullPath(path)}). {Advice}");
        }
        else
        {
            try
            {
                holds(path);
            }
            catch (Exception e) when (e is NotSupportedException or IOException or InvalidDataException or ArgumentException)
            {
                errors.Require(false, $"{option}: {e.Message}");
            }
        }
    }

    /// <summary>Options that can tell themselves what is wrong with them; null is wrong.</summary>
    public static void Valid<T>(this OptionErrors errors, string option, T? value, Action<T> validate) where T : class
    {
        if (value is null) errors.Require(false, $"{option} is null.");
        else errors.Gather(() => validate(value));
    }
}
