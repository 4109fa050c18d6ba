using System.Globalization;
using System.Text;
using Mint.ML.Checkpoints;
using Mint.ML.Encoders;
using Mint.ML.Files;
using Mint.ML.Samples.Making.Sounds;
using Mint.ML.Training;
using static TorchSharp.torch;

namespace Mint.ML.Samples.Making.Distillation;

/// <summary>The folder of a distilled encoder: weights in float16, config.json, the classes' names, and a card with data, command and quality.</summary>
internal static class EncoderCard
{
    public static void Write(string folder, YamNet student, string teacher, SoundBank bank, DistillationOptions options, TrainingResult result)
    {
        CheckpointWriter.Write(folder, student.Config.ToJson(),
            student.state_dict().Select(pair => KeyValuePair.Create(pair.Key, pair.Value.to(ScalarType.Float16))));
        AtomicFile.Write(Path.Combine(folder, "labels.txt"), stream => stream.Write(File.ReadAllBytes(Path.Combine(teacher, "labels.txt"))));
        AtomicFile.WriteText(Path.Combine(folder, "README.md"), Text(student, bank, options, result));
    }

    private static string Text(YamNet student, SoundBank bank, DistillationOptions options, TrainingResult result)
    {
        long weights = student.parameters().Sum(weight => weight.numel());
        var sources = bank.Sounds.GroupBy(sound => (sound.Source, sound.Split)).ToList();
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            # An encoder of everyday sound

            A YAMNet of {options.Width:0.##} times the width ({weights:N0} weights, float16), trained by `mint distil` on the answers of
            Google's YAMNet (Apache-2.0). No weight of the teacher is in it. 16 kHz mono in, {student.Config.HiddenSize} numbers every 0.32 s out.

            - Training: {result.Steps:N0} steps of {options.BatchSize} patches of 0.96 s; seed {options.Seed}.
            - From a pool of {options.Shards * PatchPool.ShardSize:N0} mixtures,
              highest learning rate {options.LearningRate:G3}{(options.Start is null ? "" : ", begun with the weights of an earlier run")}.
            - Data: `mint data sounds`. No label of a clip was used.


            """);
        foreach (var validation in result.Validations.TakeLast(1))
        {
            text.Append("On mixtures of held-out sources, against the teacher:\n\n| measure | value |\n| --- | --- |\n");
            foreach (var (name, value) in validation.Metrics) text.Append(CultureInfo.InvariantCulture, $"| {name} | {value:F3} |\n");
            text.Append("\n`logits` and `last` are the unexplained shares of the teacher's variance.\n");
            text.Append("`agreement` is how often both name the same class first.\n\n");
        }
        text.Append("| source | sounds | split |\n| --- | --- | --- |\n");
        foreach (var source in sources.Where(source => source.Count() >= 10).OrderByDescending(source => source.Count()))
            text.Append(CultureInfo.InvariantCulture, $"| {source.Key.Source} | {source.Count():N0} | {source.Key.Split} |\n");
        var small = sources.Where(source => source.Count() < 10).ToList();
        text.Append(CultureInfo.InvariantCulture, $"| {small.Count:N0} authors with fewer than 10 each | {small.Sum(source => source.Count()):N0} | both |\n");
        return text.ToString();
    }
}
