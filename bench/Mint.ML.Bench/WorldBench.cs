using System.Globalization;
using System.Security.Cryptography;
using Mint.ML.Audio;
using Mint.ML.Encoders;
using Mint.ML.Evaluation;
using Mint.ML.Files;
using Mint.ML.Generation;
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
        string text = string.Join("\n", bench.page) + "\n";
        Console.WriteLine(text);
        if (output is not null) AtomicFile.WriteText(output, text);
        return 0;
    }

    private string By => model.System is null ? "similarity" : "ranking";

    public void Dispose() => model.Dispose();

    private void Measure(string manifest)
    {
        var all = AudioManifest.Read(manifest);
        page.Add($"\n## {Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath(manifest)))}/{Path.GetFileName(manifest)}\n");
        page.Add("| task | clips | metric | value | low | high |\n| --- | --- | --- | --- | --- | --- |");
        Add(all, "Label", row => row.Find("Label"), new()
        {
            Name = "names, zero-shot",
            Task = "classification",
            Instruction = model.Defaults.LabelInstruction,
            By = By,
            Ranking = model.Defaults.Ranking with { MultiLabel = false, UnknownBelow = 0 },
        });
        if (teacher is not null) Tags(all);
        if (model.System is not null)
        {
            Add(all, "Caption", row => row.Find("Caption"), new()
            {
                Name = "captions",
                Task = "captioning",
                Instruction = model.Defaults.CaptionInstruction,
                Generation = model.Defaults.Generation,
            });
        }
        if (model.Embeddings is not null) Add(all, "Caption", row => row.Find("Caption"), new() { Name = "search", Task = "retrieval" });
        string[] probed = [.. encoders, .. teacher is null ? [] : new[] { teacher }];
        string[] probes = all.Columns.Contains("Note") ? [.. ProbeBench.Lines(manifest, probed, ("this model's encoder", model.Encoder))] : [];
        if (probes.Length > 0) page.AddRange(["", "Beside it, linear probes across folds, and the teacher's own class names:\n", .. probes]);
    }

    /// <summary>The teacher's labels as the truth: how well the model's scores of each order the clips.</summary>
    private void Tags(AudioManifest all)
    {
        // "Bird vocalization, bird call, bird song" is one class: a model is asked by its first name, which it has room to read.
        string[] names = [.. File.ReadAllLines(Path.Combine(teacher!, "labels.txt")).Select(name => name.Split(',')[0].ToLowerInvariant())];
        using var net = YamNet.Load(teacher!);
        using var frontEnd = new YamNetFrontEnd();
        var heard = all.Rows.DistinctBy(row => row["Path"]).ToDictionary(row => row["Path"], row => string.Join(";", Hear(net, frontEnd, row.Path)
            .Index().Where(score => score.Item >= IsHeard).Select(score => names[score.Index]).Distinct()));
        // Too rare a label says little, and silence is no sound.
        string[] labels = [.. heard.Values.SelectMany(tags => tags.Split(';')).Where(tag => tag is not ("" or "silence")).CountBy(tag => tag)
            .Where(tag => tag.Value >= 3).Select(tag => tag.Key).Order(StringComparer.Ordinal)];
        if (labels.Length < 2) return;
        Add(all, "Tags", row => string.Join(";", heard[row["Path"]].Split(';').Where(labels.Contains)), new()
        {
            Name = $"the teacher's tags ({labels.Length})",
            Task = "tagging",
            Labels = labels,
            Instruction = model.Defaults.LabelInstruction,
            By = By,
            Ranking = new() { Score = model.System is null ? RankingScore.Sum : RankingScore.PointwiseMutualInformation },
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
    private void Add(AudioManifest all, string column, Func<AudioManifestRow, string?> truth, EvaluationRecipe recipe, bool empty = false)
    {
        var rows = all.Rows.Select(row => (row.Path, Truth: truth(row))).Where(row => empty || !string.IsNullOrEmpty(row.Truth)).ToList();
        if (rows.Count == 0 || recipe.Task == "classification" && rows.Select(row => row.Truth).Distinct().Count() < 2) return;
        // What was answered by another model, or about other clips, stands in another folder.
        string source = Path.GetFullPath(all.File), set = $"{Path.GetFileName(Path.GetDirectoryName(source))}-{Path.GetFileNameWithoutExtension(source)}";
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
    }
}
