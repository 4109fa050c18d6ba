using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.ML;
using Microsoft.ML.Runtime;
using Mint.ML.Audio;
using Mint.ML.Checkpoints;
using Mint.ML.Files;
using Mint.ML.Objectives;
using Mint.ML.Samples.Demo;
using Mint.ML.Transforms;

namespace Mint.ML.Samples.Making.Ablation;

/// <summary>What a training is and was measured to be. Accuracies are of the families of held-out clips; R@k of captions searching for their clips.</summary>
internal sealed record AblationResult(string Row, int Seed, double Similarity, double Ranked, double R1, double R5, double R10)
{
    /// <summary>SHA-256 of the sounds that it was trained and measured on; null in results of before 2026-11-28.</summary>
    public string? Sounds { get; init; }
}

/// <summary>The trainings of an ablation. What is finished stands in a folder, a file each, and is not done again.</summary>
internal sealed class AblationRuns
{
    private const string FirstVersion = "0.1.0.0";

    private readonly DemoOptions options;
    private readonly string folder, setting;
    private readonly CancellationToken cancel;
    private readonly MLContext ml = new(seed: 1);
    private readonly SmallMint mint;
    private readonly Lazy<string> sounds;
    private readonly Lazy<(IDataView Train, IDataView Test, string[] Families)> data;

    public AblationRuns(DemoOptions options, string folder, CancellationToken cancel)
    {
        (this.options, this.folder, this.cancel) = (options, folder, cancel);
        mint = new SmallMint(ml, options, cancel);
        // Results of other models, data or epochs are of another ablation.
        setting = string.Join('\n', ModelFolder.Hash(Path.Combine(options.Models, "encoder")), ModelFolder.Hash(Path.Combine(options.Models, "language-model")),
            string.Create(CultureInfo.InvariantCulture,
                $"{options.Stage1Epochs} {options.Stage1LearningRate:R} {options.Stage2Epochs} {options.Stage2LearningRate:R}"),
            File.ReadAllText(Path.Combine(options.Data, "manifest-train.csv")), File.ReadAllText(Path.Combine(options.Data, "manifest-test.csv")));
        // Results of the first version are kept without its number.
        if (RecordedSettings.Version is not FirstVersion and var version) setting += "\n" + version;
        sounds = new(HashSounds);
        data = new(Featurize);
        ml.Log += Log;
    }

    /// <summary>The result of a row and a seed; null while it is not finished.</summary>
    /// <exception cref="InvalidOperationException">It was measured on other sounds of the same names.</exception>
    public AblationResult? Find(AblationRow row, int seed)
    {
        string file = FileOf(row, seed);
        if (!File.Exists(file)) return null;
        var kept = JsonSerializer.Deserialize<AblationResult>(File.ReadAllText(file))!;
        if (kept.Sounds is null || kept.Sounds == sounds.Value) return kept;
        throw new InvalidOperationException($"{file} was measured on other sounds than those of {options.Data} are now. Name another folder with --output, or "
            + "delete this one to begin again.");
    }

    /// <summary>Does what is missing of some tables, seed after seed; each training is done once however many tables have it.</summary>
    /// <param name="tables">The tables.</param>
    /// <param name="finished">Called when one is finished, and kept.</param>
    /// <exception cref="OperationCanceledException">Cancelled; what was finished is kept.</exception>
    public void Run(IReadOnlyList<AblationRecipe> tables, Action finished)
    {
        var wanted = tables.SelectMany(table => table.Seeds.SelectMany(seed => table.Rows.Select(row => (Row: row, Seed: seed))))
            .DistinctBy(run => FileOf(run.Row, run.Seed)).OrderBy(run => run.Seed).ToList();
        var missing = wanted.Where(run => Find(run.Row, run.Seed) is null).ToList();
        Console.WriteLine($"{wanted.Count} trainings, {missing.Count} of them to be done");
        var clock = Stopwatch.StartNew();
        for (int i = 0; i < missing.Count; i++)
        {
            var (row, seed) = missing[i];
            string left = i == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"; about {clock.Elapsed / i * (missing.Count - i):h\\:mm\\:ss} left");
            Console.WriteLine($"[{i + 1}/{missing.Count}] {row.Name}, seed {seed}{left}");
            var result = Train(row, seed);
            cancel.ThrowIfCancellationRequested();
            Keep(FileOf(row, seed), result with { Sounds = sounds.Value });
            finished();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  by similarity {result.Similarity:F3}, ranked {result.Ranked:F3}, R@1/5/10 {result.R1:F3}/{result.R5:F3}/{result.R10:F3}"));
        }
    }

    // Manifests name sounds, whose bytes may have changed.
    private string HashSounds()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string name in (string[])["manifest-train.csv", "manifest-test.csv"])
            foreach (var row in AudioManifest.Read(Path.Combine(options.Data, name)).Rows) hash.AppendData(File.ReadAllBytes(row.Path));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private AblationResult Train(AblationRow row, int seed)
    {
        var (train, test, families) = data.Value;
        var objective = new AlignmentOptions
        {
            ContrastiveWeight = row.ContrastiveWeight,
            MatchingWeight = row.MatchingWeight,
            GenerationWeight = row.GenerationWeight,
        };
        using var stage1 = mint.Stage1(objective, seed).Fit(train);
        var retrieval = ml.AudioLanguage().EvaluateRetrieval(stage1.Transform(test)).TextToAudio;
        double similarity = Accuracy(new() { Bridge = stage1 });
        using var stage2 = mint.Stage2(stage1, seed).Fit(train);
        return new(row.Name, seed, similarity, Accuracy(new() { Model = stage2 }), retrieval.R1, retrieval.R5, retrieval.R10);

        double Accuracy(RankedClassifier.Options ranking)
        {
            (ranking.Labels, ranking.Instruction) = (families, DemoOptions.FamilyInstruction);
            var ranked = ml.AudioLanguage().RankLabels(ranking).Fit(test).Transform(test);
            return ml.MulticlassClassification.Evaluate(LogMelBaseline.WithLabels(ml, ranked, families)).MicroAccuracy;
        }
    }

    // The frozen encoder hears every clip once for all trainings.
    private (IDataView, IDataView, string[]) Featurize()
    {
        var (train, test) = mint.Load();
        var features = mint.Features.Fit(train);
        return (ml.Data.Cache(features.Transform(train), "Features", "Caption", "Family"),
            ml.Data.Cache(features.Transform(test), "Features", "Caption", "Family"), SmallMint.Families(train));
    }

    private string FileOf(AblationRow row, int seed)
    {
        string key =
            string.Create(CultureInfo.InvariantCulture, $"{setting}\n{row.ContrastiveWeight:R} {row.MatchingWeight:R} {row.GenerationWeight:R} {seed}");
        return Path.Combine(folder, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))[..16] + ".json");
    }

    private void Keep(string file, AblationResult result)
    {
        Directory.CreateDirectory(folder);
        AtomicFile.WriteText(file, JsonSerializer.Serialize(result));
    }

    private static void Log(object? sender, LoggingEventArgs message)
    {
        if (message.Kind >= ChannelMessageKind.Warning || message.Kind == ChannelMessageKind.Info
            && message.RawMessage.StartsWith("step ", StringComparison.Ordinal))
        {
            Console.WriteLine("  " + message.RawMessage);
        }
    }
}
