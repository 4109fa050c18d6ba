using System.Diagnostics;
using Mint.ML.Bridges;
using Mint.ML.Evaluation;
using Mint.ML.LanguageModels;
using Mint.ML.Objectives;
using Mint.ML.Systems;
using Mint.ML.Text;
using Mint.ML.Training;
using Mint.ML.Training.Data;
using TheApt = Mint.ML.Systems.Apt;

namespace Mint.ML.Samples.Demo.Apt;

/// <summary>APT once through on the sounds that ship: stage 0, 1 and 2, then few-shot classification, counting and the order of two clips on recordings that no
/// stage has heard, each beside what answers without learning.</summary>
/// <param name="Data">Folder with the sounds' manifest.</param>
/// <param name="Models">Folder with the frozen everyday-encoder.</param>
/// <param name="Seed">Decides weights, order, episodes and scenes.</param>
internal sealed record AptDemo(string Data, string Models, int Seed)
{
    /// <summary>Chosen on folds 1 to 3 alone: with fold 3 held out (seed 1).</summary>
    public int TextSteps { get; init; } = 1000;
    public int Stage0Epochs { get; init; } = 10;
    public int Stage1Epochs { get; init; } = 4;
    public int Stage2Epochs { get; init; } = 4;

    /// <summary>What is made of the training recordings: scenes to count in, episodes, and questions about two clips.</summary>
    public int Scenes { get; init; } = 400;
    public int Episodes { get; init; } = 300;
    public int Pairs { get; init; } = 500;

    /// <summary>Fold that is held out; of 1, 2, 3 and 5.</summary>
    public int HeldOutFold { get; init; } = 5;

    private readonly Stopwatch watch = Stopwatch.StartNew();

    /// <summary>What a small APT answered about recordings that no stage has heard, beside what answers without learning.</summary>
    public sealed record Measures(FewShotResult FewShot, ReasoningResult Order, CountingResult Counting);

    /// <summary>Trains, measures and prints.</summary>
    /// <returns>0 where it is above what answers without learning, otherwise 1.</returns>
    public int Run(CancellationToken cancel)
    {
        var (few, order, counted) = Measure(cancel);
        Console.WriteLine($"\n{"Recordings that no stage has heard",-52}{"accuracy",10}");
        Line("few-shot, 4-way 1-shot", few.Accuracy);
        Line("  nearest class mean on the same frames", few.NearestClassMean);
        Line("  chance", few.Chance);
        Line("order of two clips", order.Accuracy);
        Line("  the clips in the other order", order.Swapped);
        Line("  right in both orders (chance 0.25)", order.Both);
        Line("  the commonest answer", order.Majority);
        Line("counting", counted.Accuracy);
        Line("  the commonest count", counted.BestConstant);
        Line("  mean error of the count", counted.MeanError);
        bool above = few.Accuracy > Math.Max(few.NearestClassMean, few.Chance) && order.Accuracy > order.Majority && counted.Accuracy > counted.BestConstant;
        Say(above ? "every measure is above its control" : "not every measure is above its control");
        return above ? 0 : 1;
    }

    /// <summary>Trains and measures.</summary>
    public Measures Measure(CancellationToken cancel)
    {
        string manifest = Path.Combine(Data, "manifest.csv"), held = $"fold {HeldOutFold}";
        using var encoder = ModelCatalog.LoadAudioEncoder(Path.Combine(Models, "everyday-encoder"));
        var (train, test) = (new AptSounds(manifest, encoder, fold => fold != held && fold != "fold 5", cancel),
            new AptSounds(manifest, encoder, fold => fold == held, cancel));
        string[] names = [.. train.Labels.Distinct()];
        Say($"{train.Labels.Count} clips of {names.Length} classes to train on, {test.Labels.Count} of other recordings held out");

        var texts = new SoundTexts(names);
        var (llama, tokenizer) = Read(texts, cancel);
        Say(FormattableString.Invariant($"a LLaMA of {llama.parameters().Sum(weight => weight.numel()):N0} weights has read {TextSteps * 32:N0} texts: ")
            + string.Join(", ", Enumerable.Range(0, SoundTexts.Kinds).Select(kind => FormattableString.Invariant(
                $"{SmallLlama.Accuracy(llama, tokenizer, texts, kind, 50):P0}"))) + " of others' answers are right, a kind; it is frozen now");

        var aligner = Aligner(tokenizer.VocabularySize + 1, train.Clips.HiddenSize);
        aligner.Initialize(Seed);
        var stage0 = AlignmentTraining.Run(aligner, tokenizer, train.Clips, [.. train.Labels.Select(label => $"this is a sound of {label}")],
            new AlignmentOptions(), Options(Stage0Epochs, 48), cancel: cancel);
        Told("stage 0", stage0);
        using var apt = TheApt.Begin(aligner, llama, new(tokenizer, tokenizer), Seed);
        var (scenes, events) = train.Scenes(Scenes, Seed);
        var all = Joined(train.Clips, scenes);
        InstructionExample[] single = [.. Enumerable.Range(0, train.Clips.Count).Select(clip => AptTasks.Tag(clip, [train.Labels[clip]], Seed)),
            .. Enumerable.Range(0, train.Clips.Count).Select(clip => new InstructionExample(clip, Interleaved.FewShotInstruction, train.Labels[clip])),
            .. events.SelectMany((scene, i) => AptTasks.Count(train.Clips.Count + i, scene.Events, Seed))];
        Told("stage 1", AptTraining.Run(apt, all, new([new(single)]), Options(Stage1Epochs, 32), cancel: cancel));
        InstructionExample[] several = [.. AptEpisodes.FewShot(train.Labels, 4, 1, Episodes, Seed).Select(episode =>
            InstructionExample.Of(episode.Sequence, episode.Answer)),
            .. train.Pairs(Pairs, Seed).Select(pair => InstructionExample.Of(pair.Sequence, pair.Answer))];
        Told("stage 2", AptTraining.Run(apt, all, new([new(single), new(several)]), Options(Stage2Epochs, 32), cancel: cancel));

        var asked = new AptEvaluation(apt, test.Clips);
        var (frames, counted) = test.Scenes(100, 7);
        return new(asked.FewShot(AptEpisodes.FewShot(test.Labels, 4, 1, 200, 7), cancel), asked.Reasoning(test.Pairs(200, 7), cancel),
            new AptEvaluation(apt, frames).Counting(counted, cancel));
    }

    private (Llama Model, TextTokenizer Tokenizer) Read(SoundTexts texts, CancellationToken cancel)
    {
        string folder = Directory.CreateTempSubdirectory("mint-apt-demo-").FullName;
        try
        {
            return SmallLlama.Train(texts, folder, TextSteps, Seed, null, cancel);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // The paper's aligner, four blocks, at a twelfth of its width.
    private static BridgeNet Aligner(long vocabulary, long frameWidth) => new(TheApt.PaperAligner with
    {
        Queries = 4,
        EmbeddingSize = 32,
        QFormer = TheApt.PaperAligner.QFormer with
        {
            VocabularySize = vocabulary,
            AudioSize = frameWidth,
            HiddenSize = 64,
            Heads = 4,
            FeedForwardSize = 128,
            Positions = 64,
            InitializerRange = 0.1, // BERT's 0.02 is for rows of 768
        },
    });

    private TrainingOptions Options(int epochs, int batch) => AptTraining.Paper with
    {
        Epochs = epochs,
        BatchSize = batch,
        LearningRate = 2e-3,
        WarmUpSteps = 20,
        MaxTokens = 30,
        Seed = Seed,
    };

    private static FrameTable Joined(params FrameTable[] tables)
    {
        var all = new FrameTable(tables[0].HiddenSize);
        foreach (var table in tables)
        {
            for (int clip = 0; clip < table.Count; clip++)
            {
                using var read = table.Read([clip]);
                all.Add(read.Frames.data<float>().ToArray());
            }
        }
        return all;
    }

    private void Told(string stage, TrainingResult result) => Say(FormattableString.Invariant(
        $"{stage}: {result.Steps} steps, loss {result.FirstLosses["total"]:F2} to {result.LastLosses["total"]:F2}"));

    private static void Line(string name, double value) => Console.WriteLine(FormattableString.Invariant($"{name,-52}{value,10:F3}"));

    private void Say(string text) => Console.WriteLine(FormattableString.Invariant($"[{watch.Elapsed:m\\:ss}] {text}"));
}
