using System.CommandLine;
using System.Globalization;
using Mint.ML.Checkpoints;
using Mint.ML.Systems;
using static TorchSharp.torch;

namespace Mint.ML.Samples.Cli.Commands;

/// <summary><c>mint inspect</c>: what a model folder holds, from its headers alone.</summary>
internal static class InspectCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("folder") { Description = "A model folder, or one weight file" };
        var inspect =
            new Command("inspect", "Show a model folder's architecture, parameters, storage types and memory, and tensors unused or missing; reads "
            + "no weights.") { folder };
        inspect.SetAction(parse => Run(parse.GetValue(folder)!));
        return inspect;
    }

    private static int Run(string folder)
    {
        if (File.Exists(folder) && Path.GetExtension(folder).Equals(".zip", StringComparison.OrdinalIgnoreCase))
        {
            throw new ArgumentException($"{folder} is a trained pipeline of Mint.ML or ML.NET, and no folder of weights: --model {folder} has it answer. "
                + "The folders of the frozen models that it names can be inspected.");
        }
        using var checkpoint = CheckpointFolder.Open(folder);
        TensorEntry[] tensors = [.. checkpoint.Names.Select(checkpoint.Describe)];
        KnownModel? known = ModelCatalog.Find(checkpoint);
        Line("folder", checkpoint.Path);
        Line("architecture", known is null ? $"unknown (model_type {checkpoint.Config["model_type"]?.ToJsonString() ?? "missing"})"
            : $"{known.Name}: {known.Source}");
        Line("tensors", Invariant($"{tensors.Length}, {tensors.Sum(tensor => tensor.Elements):N0} elements"));
        foreach (var type in tensors.GroupBy(tensor => tensor.Type).OrderByDescending(type => type.Sum(tensor => tensor.Bytes)))
            Line("stored as " + type.Key, Invariant($"{type.Count()} tensors, {Size(type.Sum(tensor => tensor.Bytes))}"));
        if (known is null) return 1;

        IReadOnlyList<(string Module, WeightMatch Match)> parts;
        using (NewDisposeScope())
            parts = WeightLoader.Inspect(() => known.Load(folder).Dispose());
        TensorEntry[] used = [.. parts.SelectMany(part => part.Match.Matched).Select(pair => pair.Name).Distinct().Select(checkpoint.Describe)];
        Line("parameters", Invariant($"{used.Sum(tensor => tensor.Elements):N0} in {used.Length} tensors"));
        Line("memory in float32", Size(used.Sum(tensor => Needed(tensor, 4))));
        Line("memory in bfloat16", Size(used.Sum(tensor => Needed(tensor, 2))));
        HashSet<string> names = [.. used.Select(tensor => tensor.Name)];
        List("unused", [.. tensors.Where(tensor => !names.Contains(tensor.Name)).Select(tensor => tensor.ToString()).Order(StringComparer.Ordinal)]);
        List("missing", [.. parts.SelectMany(part => part.Match.Missing.Select(name => $"{part.Module}: {name}"))]);
        List("misshapen", [.. parts.SelectMany(part => part.Match.Misshapen)]);
        return parts.Any(part => part.Match.Missing.Count + part.Match.Misshapen.Count > 0) ? 1 : 0;
    }

    // Whole numbers (indices, counts) keep their width; weights take what is asked for.
    private static long Needed(TensorEntry tensor, int width) =>
        tensor.Type is ScalarType.Float64 or ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16 ? tensor.Elements * width : tensor.Bytes;

    private static void List(string what, IReadOnlyList<string> items)
    {
        Line(what, items.Count == 0 ? "none" : items.Count.ToString(CultureInfo.InvariantCulture));
        foreach (string item in items) Console.WriteLine($"    {item}");
    }

    private static void Line(string what, string value) => Console.WriteLine($"{what,-20} {value}");

    private static string Size(long bytes) => Invariant(bytes switch
    {
        >= 1_000_000_000 => (FormattableString)$"{bytes / 1e9:F2} GB",
        >= 1_000_000 => $"{bytes / 1e6:F1} MB",
        _ => $"{bytes / 1e3:F1} kB",
    });

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
