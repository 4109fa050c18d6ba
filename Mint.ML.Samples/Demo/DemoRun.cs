using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Mint.ML.Training;
using Mint.ML.Transforms;

namespace Mint.ML.Samples.Demo;

/// <summary>Trains the pipeline of the README on notes and everyday sounds, measures it beside simpler answers, saves it, and has another process load it.
/// </summary>
internal sealed class DemoRun
{
    private readonly DemoOptions options;
    private readonly MLContext ml;
    private readonly SmallMint mint;
    private readonly Stopwatch watch = Stopwatch.StartNew();

    public DemoRun(DemoOptions options, CancellationToken cancel)
    {
        (this.options, ml) = (options, new MLContext(seed: options.Seed));
        mint = new SmallMint(ml, options, cancel);
    }

    private sealed class Answer
    {
        public string Name { get; set; } = "";
        public string Caption { get; set; } = "";
        public string GeneratedCaption { get; set; } = "";
        public bool IsNote { get; set; }
        public float[] Score { get; set; } = [];
    }

    public int Run()
    {
        ml.Log += Log;
        var data = DemoData.Read(options);
        string[] families = data.Families, sounds = data.Sounds, names = [.. families, .. sounds];
        Say($"{data.Train.Count} clips to train on, {data.Train.Count(clip => clip.IsNote)} of them notes; of other sources {data.Test.Count(clip => clip.IsNote)} "
            + $"notes of {families.Length} families and {data.Test.Count(clip => !clip.IsNote)} recordings of {sounds.Length} everyday sounds are held out");

        var train = DemoData.View(ml, data.Train);
        var model = Pipeline(names).Fit(train);
        var stage1 = model.OfType<BridgeNetTransformer>().Single();
        var stage2 = model.OfType<InstructionTunedTransformer>().Single();

        Say("answering for the held-out clips");
        string[] computed = ["Score", "GeneratedCaption", BridgeNetTransformer.AudioEmbedding, BridgeNetTransformer.TextEmbedding];
        var answered = ml.Data.Cache(model.Transform(DemoData.View(ml, data.Test)), ["Name", "Caption", "IsNote", .. computed]);
        var answers = ml.Data.CreateEnumerable<Answer>(answered, reuseRowObject: false).ToList();
        // Everyday captions are too alike to search by: ten sounds in four wordings each.
        var retrieval = ml.AudioLanguage().EvaluateRetrieval(ml.Data.TakeRows(answered, answers.Count(answer => answer.IsNote)));

        Print(stage1.Training!, stage2.Training!);
        PrintAccuracy("Family of held-out notes", answers.Where(answer => answer.IsNote), names, families, data, clip => clip.IsNote);
        if (sounds.Length > 1)
            PrintAccuracy("Held-out everyday sounds", answers.Where(answer => !answer.IsNote), names, sounds, data, clip => sounds.Contains(clip.Name));
        PrintRetrieval(retrieval);
        PrintCaptions(answers);
        if (options.Dev) return 0;

        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(options.Output))!);
        ml.Model.Save(model, train.Schema, options.Output);
        Reload.Keep(ml, model, data, options.Output);
        Console.WriteLine($"\nModel file: {Path.GetRelativePath(".", options.Output)} ({new FileInfo(options.Output).Length / 1e6:F1} MB; the frozen models "
            + "are named in it, not copied)");
        int code = Reload.InFreshProcess(options);
        Say("done");
        return code;
    }

    private EstimatorChain<RankedClassificationTransformer> Pipeline(string[] names) => mint.Features
        .AppendCacheCheckpoint(ml) // both stages read the features; they are computed once
        .Append(mint.Stage1())
        .Append(mint.Stage2())
        .Append(ml.AudioLanguage().GenerateCaptions("GeneratedCaption", "Features", DemoOptions.CaptionInstruction))
        .Append(ml.AudioLanguage().RankLabels("PredictedLabel", "Features", names, DemoOptions.NameInstruction));

    private void Log(object? sender, LoggingEventArgs message)
    {
        bool ours = message.Source.StartsWith(nameof(BridgeNetTrainer), StringComparison.Ordinal)
            || message.Source.StartsWith(nameof(InstructionTuner), StringComparison.Ordinal);
        if (message.Kind >= ChannelMessageKind.Warning || ours && message.Kind == ChannelMessageKind.Info) Say(message.RawMessage);
    }

    private void Say(string text) => Console.WriteLine(FormattableString.Invariant($"[{watch.Elapsed:m\\:ss}] {text}"));

    private static void Print(TrainingResult stage1, TrainingResult stage2)
    {
        Console.WriteLine($"\n{"Loss",-28}{"first steps",12}{"last steps",12}");
        foreach (var (stage, result) in new[] { ("stage 1", stage1), ("stage 2", stage2) })
        {
            foreach (var (name, first) in result.FirstLosses)
                Console.WriteLine(FormattableString.Invariant($"{stage + ", " + name,-28}{first,12:F3}{result.LastLosses[name],12:F3}"));
        }
    }

    /// <summary>How often the likeliest of some names is right, and of all names; beside it, what knows nothing of language.</summary>
    private void PrintAccuracy(string title, IEnumerable<Answer> answers, string[] all, string[] names, DemoData data, Func<DemoClip, bool> alike)
    {
        var asked = answers.ToList();
        DemoClip[] train = [.. data.Train.Where(alike)], test = [.. data.Test.Where(alike)];
        var (mean, statistics) = new LogMelBaseline(ml).Accuracy(train, test, names);
        string majority = train.GroupBy(clip => clip.Name).OrderByDescending(group => group.Count()).ThenBy(group => group.Key, StringComparer.Ordinal)
            .First().Key;
        Console.WriteLine($"\n{title,-56}{"accuracy",12}");
        Line($"ranked by the language model, among {names.Length}", Right(names));
        Line($"... among all {all.Length} names", Right(all));
        Line("logistic regression on mean log-mel", mean);
        Line("... on its mean, maximum and deviation", statistics);
        Line($"majority class of training ({majority})", test.Count(clip => clip.Name == majority) / (double)test.Length);
        Line("chance", 1.0 / names.Length);

        double Right(string[] among) => asked.Average(answer => among.MaxBy(name => answer.Score[Array.IndexOf(all, name)]) == answer.Name ? 1.0 : 0);
        static void Line(string name, double accuracy) => Console.WriteLine(FormattableString.Invariant($"{name,-56}{accuracy,12:F3}"));
    }

    private static void PrintRetrieval(RetrievalResult metrics)
    {
        Console.WriteLine($"\n{$"Search among {metrics.Count} held-out notes",-56}{"R@1",8}{"R@5",8}{"R@10",8}");
        foreach (var (name, recall) in new[] { ("a caption finds its note", metrics.TextToAudio), ("a note finds its caption", metrics.AudioToText) })
            Console.WriteLine(FormattableString.Invariant($"{name,-56}{recall.R1,8:F3}{recall.R5,8:F3}{recall.R10,8:F3}"));
    }

    private static void PrintCaptions(List<Answer> answers)
    {
        Console.WriteLine("\nCaptions of held-out clips");
        // One of each of some names, spread over the list.
        foreach (var answer in answers.DistinctBy(answer => answer.Name).Where((_, i) => i % 3 == 0))
            Console.WriteLine($"  {answer.Name,-16}reference: {answer.Caption}\n  {"",-16}generated: {answer.GeneratedCaption}");
    }
}
