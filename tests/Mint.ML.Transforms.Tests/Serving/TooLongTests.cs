using Mint.ML.Answering;
using Mint.ML.Audio;
using static Mint.ML.Transforms.Tests.Serving.RunningServer;

namespace Mint.ML.Transforms.Tests.Serving;

/// <summary>Whatever is asked in more words than the model reads is refused: no answer is to half of a question.</summary>
[TestClass]
public sealed class TooLongTests
{
    private static readonly string Long = string.Join(' ', Enumerable.Repeat("flute", 60));

    private static readonly AudioClip Heard = AudioFile.Read(Clip(0), AudioReadOptions.Default with { SampleRate = Model.Encoder.SampleRate });

    public static IEnumerable<object[]> Ways =>
    [
        ["Ask of a file", (Func<string, Task>)(asked => Now(() => Model.Ask(Clip(0), asked)))],
        ["Ask of a clip", (Func<string, Task>)(asked => Now(() => Model.Ask(Heard, asked)))],
        ["Answer", (Func<string, Task>)(asked => Now(() => Model.Answer([Heard], asked)))],
        ["StreamAsync", (Func<string, Task>)(async asked => { await foreach (string piece in Model.StreamAsync(Heard, asked)) _ = piece; })],
        ["Rank's instruction", (Func<string, Task>)(asked => Now(() => Model.Rank(Heard, ["flute", "organ"], asked)))],
        ["a label compared", (Func<string, Task>)(asked => Now(() => Model.Scorer(["flute", asked], "", bySimilarity: true)))],
        ["EmbedText", (Func<string, Task>)(asked => Now(() => Model.EmbedText(asked)))],
        ["a run over files", (Func<string, Task>)(asked => Now(() => new TextAnswerer(Model, "answer", asked, new(), 1)))],
    ];

    [TestMethod]
    [DynamicData(nameof(Ways))]
    public async Task What_is_longer_than_the_model_reads_is_refused_and_what_just_fits_is_not(string way, Func<string, Task> ask)
    {
        var error = await Assert.ThrowsExactlyAsync<ArgumentException>(() => ask(Long), way);
        Assert.Contains("longer than the model reads: 'flute flute", error.Message);
        string fits = Long;
        while (Model.Answering().UnreadTokens(fits) > 0 || Model.Comparing().UnreadTokens(fits) > 0) fits = fits[..fits.LastIndexOf(' ')];
        Assert.IsGreaterThan(20, fits.Length);
        await ask(fits);
    }

    private static Task Now<T>(Func<T> what)
    {
        _ = what();
        return Task.CompletedTask;
    }
}
