using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Mint.ML.Training;
using Mint.ML.Transforms;

namespace Mint.ML.Samples.Demo;

/// <summary>Trains the pipeline of the README on the notes or on everyday sounds, measures it beside simpler answers, saves it, and has another process load
/// it.</summary>
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

    private bool IsEveryday => options.Sounds is not null;

    private string Kinds => IsEveryday ? "kinds of everyday sound" : "families";

    public int Run()
    {
        ml.Log += Log;
        var (train, test) = Data();
        string[] families = SmallMint.Families(train);
        var (trainClips, testClips) = (mint.Rows(train), mint.Rows(test));
        Say($"{trainClips.DistinctBy(clip => clip.Path).Count()} clips to train on ({Names(trainClips)}), {testClips.Count} held out ({Names(testClips)}), "
            + $"{families.Length} {Kinds}");

        var model = Pipeline(families).Fit(train);
        var stage1 = model.OfType<BridgeNetTransformer>().Single();
        var stage2 = model.OfType<InstructionTunedTransformer>().Single();

        Say("answering for the held-out clips");
        string[] computed = ["PredictedLabel", "Score", "GeneratedCaption", BridgeNetTransformer.AudioEmbedding, BridgeNetTransformer.TextEmbedding];
        var answered = ml.Data.Cache(model.Transform(test), ["Family", "Caption", "Path", .. computed]);
        double ranked = ml.MulticlassClassification.Evaluate(LogMelBaseline.WithLabels(ml, answered, families)).MicroAccuracy;
        // Everyday captions are too alike to search by.
        var retrieval = IsEveryday ? null : ml.AudioLanguage().EvaluateRetrieval(answered);
        Say("logistic regression on mean log-mel, for comparison");
        double regression = new LogMelBaseline(ml).Accuracy([.. trainClips.DistinctBy(clip => clip.Path)], testClips, families);

        Print(stage1.Training!, stage2.Training!);
        PrintAccuracy(ranked, regression, trainClips, testClips, families);
        if (retrieval is not null) PrintRetrieval(retrieval);
        PrintCaptions(answered);
        if (options.Dev) return 0;

        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(options.Output))!);
        ml.Model.Save(model, train.Schema, options.Output);
        Reload.Keep(ml, model, test, options.Output);
        Console.WriteLine($"\nModel file: {Path.GetRelativePath(".", options.Output)} ({new FileInfo(options.Output).Length / 1e6:F1} MB; the frozen models "
            + "are named in it, not copied)");
        int code = Reload.InFreshProcess(options);
        Say("done");
        return code;
    }

    private EstimatorChain<RankedClassificationTransformer> Pipeline(string[] families) => mint.Features
        .AppendCacheCheckpoint(ml) // both stages read the features; they are computed once
        .Append(mint.Stage1())
        .Append(mint.Stage2())
        .Append(ml.AudioLanguage().GenerateCaptions("GeneratedCaption", "Features", DemoOptions.CaptionInstruction))
        .Append(ml.AudioLanguage().RankLabels("PredictedLabel", "Features", families, DemoOptions.FamilyInstruction));

    private (IDataView Train, IDataView Test) Data()
    {
        var (train, test) = mint.Load();
        if (!options.Dev || IsEveryday) return (train, test);
        var parts = mint.Rows(train).GroupBy(note => note.Soundfont).OrderBy(part => part.Key, StringComparer.Ordinal).ToList();
        return parts.Count == 2 ? (ml.Data.LoadFromEnumerable(parts[1].ToList()), ml.Data.LoadFromEnumerable(parts[0].ToList()))
            : throw new InvalidDataException($"--dev needs two training soundfonts; the manifest has {parts.Count}.");
    }

    private static string Names(List<Clip> clips) => string.Join(", ", clips.Select(clip => clip.Soundfont).Distinct());

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

    private void PrintAccuracy(double ranked, double regression, List<Clip> train, List<Clip> test, string[] families)
    {
        string majority = train.DistinctBy(clip => clip.Path).GroupBy(clip => clip.Family).OrderByDescending(group => group.Count())
            .ThenBy(group => group.Key, StringComparer.Ordinal).First().Key;
        Console.WriteLine($"\n{(IsEveryday ? "What sounds in held-out clips" : "Family of held-out clips"),-44}{"accuracy",12}");
        Line("ranked by the language model", ranked);
        Line("logistic regression on mean log-mel", regression);
        Line($"majority class of training ({majority})", test.Count(clip => clip.Family == majority) / (double)test.Count);
        Line("chance", 1.0 / families.Length);

        static void Line(string name, double accuracy) => Console.WriteLine(FormattableString.Invariant($"{name,-44}{accuracy,12:F3}"));
    }

    private static void PrintRetrieval(RetrievalResult metrics)
    {
        Console.WriteLine($"\n{$"Search among {metrics.Count} held-out clips",-40}{"R@1",8}{"R@5",8}{"R@10",8}");
        foreach (var (name, recall) in new[] { ("a caption finds its clip", metrics.TextToAudio), ("a clip finds its caption", metrics.AudioToText) })
            Console.WriteLine(FormattableString.Invariant($"{name,-40}{recall.R1,8:F3}{recall.R5,8:F3}{recall.R10,8:F3}"));
    }

    private static void PrintCaptions(IDataView answered)
    {
        string[] captions = [.. answered.GetColumn<string>("Caption")], generated = [.. answered.GetColumn<string>("GeneratedCaption")],
            families = [.. answered.GetColumn<string>("Family")];
        Console.WriteLine("\nCaptions of held-out clips");
        // One of each of five kinds, spread over the list.
        foreach (int i in Enumerable.Range(0, families.Length).DistinctBy(i => families[i]).Where((_, i) => i % 2 == 0).Take(5))
            Console.WriteLine($"  {families[i],-18}reference: {captions[i]}\n  {"",-18}generated: {generated[i]}");
    }
}
