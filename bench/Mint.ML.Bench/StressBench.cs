using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using static TorchSharp.torch;

/// <summary>Predictions one at a time and training steps beside a thread that collects without pause. What they should be is computed before.</summary>
internal static class StressBench
{
    private const int Round = 10_000; // predictions between two lines of progress
    private const int Whole = 10;     // every tenth prediction is one from sound
    private const int Epochs = 50, StepsARun = 4 * Epochs; // two stages of two steps an epoch

    /// <summary>A part that was stopped is gone on with: stress PREDICTIONS STEPS STATE_FILE</summary>
    public static int Run(string predictions, string steps, string stateFile)
    {
        set_num_threads(1);
        var (mostPredictions, mostSteps) = (long.Parse(predictions, CultureInfo.InvariantCulture), long.Parse(steps, CultureInfo.InvariantCulture));
        var done = File.Exists(stateFile) ? JsonSerializer.Deserialize<Counts>(File.ReadAllText(stateFile))! : new Counts(0, 0, 0, 0, 0, 0);
        Console.WriteLine(done.Predictions + done.Steps == 0 ? "from the beginning" : $"goes on after {done}");
        using var model = new StressModel("tests/fixtures/data2vec_audio");
        string[] Answers(bool fromSound) => [.. Enumerable.Range(0, model.Clips).Select(clip => model.Predict(clip, fromSound))];
        string[] whole = Answers(fromSound: true), similar = Answers(fromSound: false);
        string trained = model.Train(Epochs);
        if (!whole.SequenceEqual(Answers(fromSound: true)) || !similar.SequenceEqual(Answers(fromSound: false)) || trained != model.Train(Epochs))
            throw new InvalidOperationException("Without the collecting thread two answers differ already.");

        using var collecting = new CollectingThread();
        while (done.Predictions < mostPredictions || done.Steps < mostSteps)
        {
            var (watch, before, round) = (Stopwatch.StartNew(), collecting.Collections, done);
            for (; round.Predictions < Math.Min(mostPredictions, done.Predictions + Round); round = round with { Predictions = round.Predictions + 1 })
            {
                int clip = (int)(round.Predictions / Whole % model.Clips);
                bool fromSound = round.Predictions % Whole == 0;
                round = round.With(() => model.Predict(clip, fromSound) == (fromSound ? whole : similar)[clip]);
            }
            double predicting = watch.Elapsed.TotalSeconds;
            // Steps in the proportion asked for.
            long due = mostPredictions == 0 ? mostSteps : (long)((double)mostSteps * round.Predictions / mostPredictions);
            for (; round.Steps < due; round = round with { Steps = round.Steps + StepsARun }) round = round.With(() => model.Train(Epochs) == trained);
            done = round with { Seconds = round.Seconds + watch.Elapsed.TotalSeconds, Collections = round.Collections + collecting.Collections - before };
            Write(stateFile, done);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{done}; this round {predicting:F1} s of predictions, {watch.Elapsed.TotalSeconds - predicting:F1} s of training"));
        }
        File.Delete(stateFile);
        Console.WriteLine($"whole: {done}");
        return done.Exceptions + done.Different == 0 ? 0 : 1;
    }

    private static void Write(string path, Counts counts)
    {
        File.WriteAllText(path + ".new", JsonSerializer.Serialize(counts));
        File.Move(path + ".new", path, overwrite: true);
    }

    private sealed record Counts(long Predictions, long Steps, long Exceptions, long Different, long Collections, double Seconds)
    {
        public Counts With(Func<bool> asExpected)
        {
            try
            {
                return asExpected() ? this : this with { Different = Different + 1 };
            }
            catch (Exception error)
            {
                if (Exceptions < 10) Console.WriteLine($"exception: {error.GetType().Name}: {error.Message.Split('\n')[0]}");
                return this with { Exceptions = Exceptions + 1 };
            }
        }

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Predictions} predictions, {Steps} training steps, ")
            + string.Create(CultureInfo.InvariantCulture, $"{Exceptions} exceptions, {Different} different answers, {Collections} collections, {Seconds:F0} s");
    }
}
