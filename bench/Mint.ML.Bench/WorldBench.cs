using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Mint.ML.Audio;
using Mint.ML.Encoders;
using Mint.ML.Evaluation;
using Mint.ML.Files;
using Mint.ML.Generation;
using Mint.ML.Metrics;
using Mint.ML.ModelFiles;
using Mint.ML.Native;
using Mint.ML.Systems;
using static TorchSharp.torch;

/// <summary>What a model tells of everyday sounds, as a page of tables: names, tags, captions and search, beside simpler answers.</summary>
internal sealed class WorldBench : IDisposable
{
    private const double IsHeard = 0.3; // of the teacher's score: what AudioSet's raters would say, about
    private const string Work = "runs/bench-world";

    private readonly string path, models;
    private readonly AudioLanguageModel model;
    private readonly string? teacher;
    private readonly string[] encoders;
    private readonly List<string> page = [];
    private string set = ""; // names what is measured

    private WorldBench(string path, string? teacher, string[] encoders)
    {
        (this.path, this.teacher, this.encoders, models) = (path, teacher, encoders, "Mint.ML.Samples/models");
        model = AudioLanguageModel.Load(path, folders: new FrozenModelFolders([models]));
    }

    public static int Run(string model, string[] arguments)
    {
        NativeLibraries.Require();
        string? teacher = null, output = null;
        var (encoders, manifests) = (new List<string>(), new List<string>());
        for (int i = 0; i < arguments.Length; i++)
        {
            if (arguments[i].StartsWith("--", StringComparison.Ordinal) && i + 1 == arguments.Length)
                throw new ArgumentException($"{arguments[i]} needs a value.");
            if (arguments[i] == "--teacher") teacher = arguments[++i];
            else if (arguments[i] == "--output") output = arguments[++i];
            else if (arguments[i] == "--encoder") encoders.Add(arguments[++i]);
            else manifests.Add(arguments[i]);
        }
        using var bench = new WorldBench(model, teacher, [.. encoders]);
        bench.page.Add($"Model: `{Path.GetFileName(model)}`. Intervals are 95 %, by bootstrap over the clips.");
        foreach (string manifest in manifests) bench.Measure(manifest);
        if (bench.page.Count == 1) throw new ArgumentException("No manifest was named, or none has a clip of what was asked for.");
        string text = string.Join("\n", bench.page) + "\n";
        Console.WriteLine(text);
        if (output is not null) AtomicFile.WriteText(output, text);
        return 0;
    }

    private bool BySimilarity => model.System is null || model.Defaults.BySimilarity;

    private string By => BySimilarity ? "similarity" : "ranking";

    public void Dispose() => model.Dispose();

    /// <summary>The tables of a manifest, or of its rows with a value: <c>manifest.csv:Note=fold 5</c>.</summary>
    private void Measure(string asked)
    {
        var (manifest, column, value) = asked.LastIndexOf(':') is var colon and > 0 && asked.IndexOf('=', colon) is var equal and > 0
            ? (asked[..colon], asked[(colon + 1)..equal], asked[(equal + 1)..]) : (asked, null, "");
        var all = AudioManifest.Read(manifest);
        AudioManifestRow[] rows = [.. all.Rows.Where(row => column is null || row.Find(column) == value)];
        if (rows.Length == 0) throw new InvalidDataException($"{manifest} has no row whose {column} is '{value}'.");
        string folder = Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath(manifest)))!;
        set = $"{folder}-{Path.GetFileNameWithoutExtension(manifest)}{value.Replace(' ', '-').Insert(0, value.Length > 0 ? "-" : "")}";
        page.Add($"\n## {folder}/{Path.GetFileName(manifest)}{(column is null ? "" : $", {value}")}\n");
        if (all.Columns.Contains("Names") || all.Columns.Contains("Family") && rows.All(row => row.Find("Split") == "test"))
        {
            page.AddRange(new CalibrationTable(model, rows).Lines());
            return;
        }
        page.Add("| task | clips | metric | value | low | high |\n| --- | --- | --- | --- | --- | --- |");
        Names(rows);
        if (teacher is not null) Tags(rows);
        if (model.System is not null)
        {
            Add(rows, "Caption", row => row.Find("Caption"), new()
            {
                Name = "captions",
                Task = "captioning",
                Instruction = model.Defaults.CaptionInstruction,
                Generation = model.Defaults.Generation,
            });
        }
        if (model.Embeddings is not null) Add(rows, "Caption", row => row.Find("Caption"), new() { Name = "search", Task = "retrieval" });
        string[] probed = [.. encoders, .. teacher is null ? [] : new[] { teacher }];
        string[] probes = rows.Any(row => row.Find("Note") is not null)
            ? [.. ProbeBench.Lines(manifest, probed, ("this model's encoder", model.Encoder), Kept)] : [];
        if (probes.Length > 0) page.AddRange(["", "Beside it, linear probes across folds, and the teacher's own class names:\n", .. probes]);
    }

    // Where all are names that the model has itself, among all of those: its answers when nobody says among what.
    private void Names(AudioManifestRow[] rows)
    {
        static string? Truth(AudioManifestRow row) => row.Find("Label") ?? row.Find("Family")?.Replace('_', ' ');
        bool own = rows.All(row => Truth(row) is not { } label || model.Defaults.Labels.Contains(label));
        var items = Add(rows, "Label", Truth, new()
        {
            Name = own ? "the model's own names" : "names, zero-shot",
            Task = "classification",
            Labels = own ? model.Defaults.Labels : [],
            Instruction = model.Defaults.LabelInstruction,
            By = By,
            Ranking = model.Defaults.Ranking with { MultiLabel = false, UnknownBelow = 0, UnfamiliarBelow = 0 },
        });
        if (items is null) return;
        double[] sure = [.. items.Select(item => item["scores"]!.AsArray().Max(score => (double)score!))];
        page.Add(string.Create(CultureInfo.InvariantCulture,
            $"| if they were exactly right | {items.Length} | ECE | {ClassificationMetrics.CalibrationErrorByChance(sure):F3} | | |"));
        var (likely, familiar) = (model.Defaults.Ranking.UnknownBelow, model.Defaults.Ranking.UnfamiliarBelow);
        if (likely <= 0 && familiar <= 0) return;
        AudioManifestRow[] heard = [.. rows.Where(row => !string.IsNullOrEmpty(Truth(row)))];
        JsonObject[] given = [.. items.Where((_, i) => model.Defaults.Ranking.IsKnown(sure[i],
            familiar == 0 ? null : model.Familiarity(model.Hear(heard[i].Path))))];
        page.Add(string.Create(CultureInfo.InvariantCulture, $"| not unknown: likelier than {likely:F3}, more familiar than {familiar:F3} | {items.Length} "
            + $"| share | {given.Length / (double)items.Length:F3} | | |"));
        if (given.Length > 0)
        {
            page.Add(string.Create(CultureInfo.InvariantCulture, $"| of these | {given.Length} | accuracy | "
                + $"{given.Average(item => (string)item["reference"]![0]! == (string)item["answer"]! ? 1.0 : 0):F3} | | |"));
        }
    }

    /// <summary>A row of a table that takes minutes, made once.</summary>
    private static string Kept(string of, Func<string> make)
    {
        string file = Path.Combine(Work, $"probe-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(of)))[..12]}.md");
        if (File.Exists(file)) return File.ReadAllText(file);
        string made = make();
        Directory.CreateDirectory(Work);
        AtomicFile.WriteText(file, made);
        return made;
    }

    /// <summary>The teacher's labels as the truth: how well the model's scores of each order the clips.</summary>
    private void Tags(AudioManifestRow[] rows)
    {
        // "Bird vocalization, bird call, bird song" is one class: a model is asked by its first name, which it has room to read.
        string[] names = [.. File.ReadAllLines(Path.Combine(teacher!, "labels.txt")).Select(name => name.Split(',')[0].ToLowerInvariant())];
        using var net = YamNet.Load(teacher!);
        using var frontEnd = new YamNetFrontEnd();
        var heard = rows.DistinctBy(row => row["Path"]).ToDictionary(row => row["Path"], row => string.Join(";", Hear(net, frontEnd, row.Path)
            .Index().Where(score => score.Item >= IsHeard).Select(score => names[score.Index]).Distinct()));
        // Too rare a label says little, and silence is no sound.
        string[] labels = [.. heard.Values.SelectMany(tags => tags.Split(';')).Where(tag => tag is not ("" or "silence")).CountBy(tag => tag)
            .Where(tag => tag.Value >= 3).Select(tag => tag.Key).Order(StringComparer.Ordinal)];
        if (labels.Length < 2) return;
        Add(rows, "Tags", row => string.Join(";", heard[row["Path"]].Split(';').Where(labels.Contains)), new()
        {
            Name = $"the teacher's tags ({labels.Length})",
            Task = "tagging",
            Metrics = ["mAP", "ROC-AUC"], // how sure it is of a tag, nobody calibrated
            Labels = labels,
            Instruction = model.Defaults.LabelInstruction,
            By = By,
            Ranking = new() { Score = BySimilarity ? RankingScore.Sum : RankingScore.PointwiseMutualInformation },
        }, empty: true);
    }

    /// <summary>The teacher's probability of each class, averaged over the clip's patches.</summary>
    private static float[] Hear(YamNet net, YamNetFrontEnd frontEnd, string file)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        float[] samples = AudioFile.Read(file, YamNetFrontEnd.SampleRate).Samples;
        // Patches that share half of their sound, as YAMNet hears; silence follows a shorter clip.
        int count = Math.Max(0, samples.Length - YamNetFrontEnd.PatchSamples) / (YamNetFrontEnd.PatchSamples / 2) + 1;
        var patches = stack([.. Enumerable.Range(0, count).Select(i => tensor(samples.Skip(i * (YamNetFrontEnd.PatchSamples / 2))
            .Concat(new float[YamNetFrontEnd.PatchSamples]).Take(YamNetFrontEnd.PatchSamples).ToArray()))]);                   // (patches, samples)
        return net.Logits(YamNet.Embedding(net.call(frontEnd.Patches(patches)))).sigmoid().mean([0]).data<float>().ToArray();
    }

    /// <summary>Runs a recipe on the rows that have what is asked for; the same command goes on where one was stopped.</summary>
    /// <returns>The items as they are kept; null where there is nothing to tell apart.</returns>
    private JsonObject[]? Add(AudioManifestRow[] all, string column, Func<AudioManifestRow, string?> truth, EvaluationRecipe recipe, bool empty = false)
    {
        var rows = all.Select(row => (row.Path, Truth: truth(row))).Where(row => empty || !string.IsNullOrEmpty(row.Truth)).ToList();
        if (rows.Count == 0 || recipe.Task == "classification" && rows.Select(row => row.Truth).Distinct().Count() < 2) return null;
        // What was answered by another model, or about other clips, stands in another folder.
        string folder = Path.Combine(Work, $"{Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)))[..8]}-{set}-{recipe.Task}");
        Directory.CreateDirectory(folder);
        string manifest = Path.Combine(folder, "manifest.csv");
        AtomicFile.WriteText(manifest, string.Concat(rows.Select(row => (Path.GetFullPath(row.Path), row.Truth ?? "")).Prepend(("Path", column))
            .Select(row => $"\"{row.Item1.Replace("\"", "\"\"")}\",\"{row.Item2.Replace("\"", "\"\"")}\"\n")));
        recipe = recipe with { Manifest = manifest, Columns = [column] };
        var result = new EvaluationRun(recipe, new EvaluationSettings(model, path) { SkipErrors = true }, folder, Console.Error.WriteLine).Run()!;
        foreach (var metric in result.Metrics.Where(metric => metric.Value is not null))
        {
            page.Add(string.Create(CultureInfo.InvariantCulture,
                $"| {recipe.Name} | {result.Clips} | {metric.Name} | {metric.Value:F3} | {metric.Low:F3} | {metric.High:F3} |"));
        }
        if (recipe.Task == "classification") page.Add(FormattableString.Invariant($"| chance | | accuracy | {1.0 / result.Labels!.Count:F3} | | |"));
        return [.. TextFile.ReadLines(Path.Combine(folder, "items.jsonl")).Select(line => JsonNode.Parse(line)!.AsObject())];
    }
}
