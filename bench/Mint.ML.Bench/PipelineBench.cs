using System.Diagnostics;
using System.Globalization;
using Microsoft.ML;
using Mint.ML.Samples.Demo;
using Mint.ML.Transforms;

/// <summary>The demo's chain, from sound to label and caption: batches of a cursor against a prediction engine's single rows, by turns.</summary>
internal static class PipelineBench
{
    private sealed class Sound
    {
        public string Path { get; set; } = "";
    }

    private sealed class Answer
    {
        public uint PredictedLabel { get; set; }
        public string GeneratedCaption { get; set; } = "";
    }

    /// <param name="rows">Clips to answer about.</param>
    /// <param name="rounds">How often, each way.</param>
    public static int Run(string rows, string rounds)
    {
        int count = int.Parse(rows, CultureInfo.InvariantCulture);
        var ml = new MLContext(seed: 1);
        // What the weights are does not change what they cost: an epoch each is enough.
        var mint = new SmallMint(ml, new DemoOptions
        {
            Data = Path.Combine("Mint.ML.Samples", "data", "notes"),
            Models = Path.Combine("Mint.ML.Samples", "models"),
            Stage1Epochs = 1,
            Stage2Epochs = 1
        }, default);
        var (train, test) = mint.Load();
        var few = ml.Data.TakeRows(train, 128);
        string[] families = SmallMint.Families(few);
        var model = mint.Features.AppendCacheCheckpoint(ml).Append(mint.Stage1()).Append(mint.Stage2())
            .Append(ml.AudioLanguage().GenerateCaptions("GeneratedCaption", "Features", DemoOptions.CaptionInstruction))
            .Append(ml.AudioLanguage().RankLabels("PredictedLabel", "Features", families, DemoOptions.FamilyInstruction)).Fit(few);
        var sounds = ml.Data.CreateEnumerable<Sound>(ml.Data.TakeRows(test, count), reuseRowObject: false).ToArray();
        var data = ml.Data.LoadFromEnumerable(sounds);
        using var engine = ml.Model.CreatePredictionEngine<Sound, Answer>(model, new PredictionEngineOptions { OwnsTransformer = false });

        Func<string[]> batched = () => [.. ml.Data.CreateEnumerable<Answer>(model.Transform(data), reuseRowObject: false).Select(Text)];
        Func<string[]> single = () => [.. sounds.Select(sound => Text(engine.Predict(sound)))];
        (_, _) = (batched(), single());
        var (fast, slow) = (new Rates(), new Rates());
        int different = 0;
        for (int round = 0; round < int.Parse(rounds, CultureInfo.InvariantCulture); round++)
        {
            string[] one = Time(batched, fast), other = Time(single, slow);
            different += one.Zip(other).Count(pair => pair.First != pair.Second);
        }
        double ratio = Median(fast.Rows) / Median(slow.Rows), worked = Median(fast.Processor), workedAlone = Median(slow.Processor);
        Console.WriteLine(FormattableString.Invariant(
            $"batched {Median(fast.Rows):F1} rows/s, one row at a time {Median(slow.Rows):F1} rows/s, {ratio:F2} times; {different} answers differ"));
        Console.WriteLine(FormattableString.Invariant(
            $"processor time a row: batched {worked:F1} ms, one row at a time {workedAlone:F1} ms, {workedAlone / worked:F2} times"));
        return ratio >= 4 && different == 0 ? 0 : 1;

        string[] Time(Func<string[]> answer, Rates rates)
        {
            var (start, worked) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);
            string[] answers = answer();
            rates.Rows.Add(answers.Length / Stopwatch.GetElapsedTime(start).TotalSeconds);
            rates.Processor.Add((Environment.CpuUsage.TotalTime - worked).TotalMilliseconds / answers.Length);
            return answers;
        }
    }

    /// <summary>Of each round: rows a second, and the milliseconds of all processors that a row took.</summary>
    private sealed class Rates
    {
        public List<double> Rows { get; } = [];
        public List<double> Processor { get; } = [];
    }

    private static string Text(Answer answer) => $"{answer.PredictedLabel} {answer.GeneratedCaption}";

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
