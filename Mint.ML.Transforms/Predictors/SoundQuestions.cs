using Microsoft.ML;
using Microsoft.ML.Runtime;
using Mint.ML.Systems;
using Mint.ML.Systems.Questions;

namespace Mint.ML.Transforms.Predictors;

/// <summary>What questions about loudness or counts need besides the frames: the sounds that these are of.</summary>
internal sealed class SoundQuestions
{
    private readonly IHost host;
    private readonly string features;
    private readonly bool answers; // whether such questions are answered by the sound at all
    private int told;

    /// <param name="host">Whose log is told.</param>
    /// <param name="schema">Of the data.</param>
    /// <param name="features">The frames.</param>
    /// <param name="model">Which is asked.</param>
    /// <param name="needed">Whether such a question may come; without, no sound need be read.</param>
    public SoundQuestions(IHost host, DataViewSchema schema, DataViewSchema.Column features, IAudioLanguageModel model, bool needed = true)
    {
        (this.host, this.features, answers) = (host, features.Name, needed && model is MintModel { Names: not null });
        if (answers) Sounds = SoundReference.Find(schema, features);
    }

    /// <summary>The sounds; null where the model does not ask for them, or they are not in the data.</summary>
    public DataViewSchema.Column? Sounds { get; }

    /// <summary>Says once in the log that a question is answered without its sound.</summary>
    public void Check(IEnumerable<string> asked)
    {
        if (!answers || Sounds is not null || asked.FirstOrDefault(HeardAnswers.NeedsSound) is not { } question) return;
        if (Interlocked.Exchange(ref told, 1) == 1) return;
        using var channel = host.Start("Answer");
        channel.Warning(MessageSensitivity.UserData, "{0}", $"'{question}' asks for the sound itself, and the sounds that column '{features}' was made of are "
            + "not in the data: it is answered by the frames alone. Keep the audio column that FeaturizeAudio read, under its name; ML.NET's cache and "
            + "binary files keep none.");
    }
}
