using System.Text;
using Mint.ML.Layers;
using Mint.ML.Native;
using Mint.ML.Tensors;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Checkpoints;

/// <summary>How a checkpoint's tensors and a module's match. The lists are empty when the checkpoint fits.</summary>
/// <param name="Matched">Names in the checkpoint and the tensors of the module that they fill.</param>
/// <param name="Missing">Tensors of the module that the checkpoint lacks, with their shapes.</param>
/// <param name="Unexpected">Tensors of the checkpoint that the module does not know, with their shapes.</param>
/// <param name="Misshapen">Tensors whose shape or kind of number differs, with both.</param>
/// <param name="Ignored">Names in the checkpoint that the rules set aside.</param>
public sealed record WeightMatch(
    IReadOnlyList<(string Name, Tensor Tensor)> Matched,
    IReadOnlyList<string> Missing,
    IReadOnlyList<string> Unexpected,
    IReadOnlyList<string> Misshapen,
    IReadOnlyList<string> Ignored)
{
    /// <summary>True when every tensor has its counterpart.</summary>
    public bool Fits => Missing.Count + Unexpected.Count + Misshapen.Count == 0;
}

/// <summary>A checkpoint does not fit a module; the message names the first few tensors that are missing, unexpected or misshapen;
/// <see cref="Match"/> has all.</summary>
public sealed class WeightMismatchException : Exception
{
    internal WeightMismatchException(string path, string module, WeightMatch match) : base(Describe(path, module, match)) => Match = match;

    /// <summary>The lists.</summary>
    public WeightMatch Match { get; }

    private static string Describe(string path, string module, WeightMatch match)
    {
        var text = new StringBuilder($"{path}: these weights do not fit {module}. Check that config.json belongs to them and names this architecture.");
        foreach (var (what, names) in new[] { ("missing", match.Missing), ("unexpected", match.Unexpected), ("misshapen", match.Misshapen) })
        {
            if (names.Count == 0) continue;
            text.Append($"\n{names.Count} {what}:");
            foreach (string name in names.Take(Brief.Most)) text.Append("\n  ").Append(name);
            if (names.Count > Brief.Most) text.Append($"\n  and {names.Count - Brief.Most} more");
        }
        return text.ToString();
    }
}

/// <summary>Reads a checkpoint's weights into a module.</summary>
public static class WeightLoader
{
    [ThreadStatic] private static List<(string Module, WeightMatch Match)>? inspected;
    [ThreadStatic] private static bool mapped;

    /// <summary>Runs a model's own loading without reading weights: what each of its modules would take from the checkpoint.</summary>
    /// <param name="load">Calls <see cref="Load"/>, on this thread, for each part; what it loads has unset weights and is of no use.</param>
    public static IReadOnlyList<(string Module, WeightMatch Match)> Inspect(Action load)
    {
        var matches = inspected = [];
        try
        {
            load();
            return matches;
        }
        finally
        {
            inspected = null;
        }
    }

    /// <summary>
    /// Runs a model's own loading so that its weights are not read but mapped, where their type and place in the file allow it: a folder of any size opens in
    /// milliseconds, and the processes of a machine share one copy. For frozen models on the CPU of Linux; elsewhere they are read as ever.
    /// </summary>
    /// <remarks>
    /// Not the default, because nothing can catch what happens when another program shortens or overwrites a mapped file: the process ends, or the weights
    /// change under it. A file that is replaced by renaming, as this library and the model hub's tools write, harms nothing.
    /// </remarks>
    /// <param name="load">Loads the model on this thread, such as <c>() => T5.Load(folder)</c>.</param>
    public static T Mapped<T>(Func<T> load)
    {
        bool before = mapped;
        mapped = true;
        try
        {
            return load();
        }
        finally
        {
            mapped = before;
        }
    }

    /// <summary>Fills every parameter and persistent buffer, each straight in its memory, casting to its type and device.</summary>
    /// <exception cref="WeightMismatchException">A tensor is missing, unexpected or misshapen; nothing was read then.</exception>
    public static void Load(Module module, CheckpointFolder folder, WeightNames names)
    {
        WeightMatch match = Compare(module, folder, names);
        if (inspected is not null)
        {
            inspected.Add((module.GetName(), match));
            return;
        }
        if (!match.Fits) throw new WeightMismatchException(folder.Path, module.GetName(), match);
        var narrow = module.NarrowWeights();
        folder.ReadInto(match.Matched.Where(pair => !narrow.ContainsKey(pair.Tensor)), mapped);
        if (narrow.Count > 0) ReadNarrow(folder, [.. match.Matched.Where(pair => narrow.ContainsKey(pair.Tensor))], narrow);
    }

    // The float32 weights' memory is given back before the first is read, and they are read one after the other into the same memory: were it freed each time,
    // the narrow weight would be put there, and the next one find no room.
    private static void ReadNarrow(CheckpointFolder folder, (string Name, Tensor Weight)[] weights, Dictionary<Tensor, NarrowWeight> narrow)
    {
        using (var nothing = empty(0))
            foreach (var (_, weight) in weights) TensorMemory.Place(weight, nothing);
        Allocator.Trim();
        using var room = empty(weights.Max(pair => folder.Describe(pair.Name).Elements));
        foreach (var (name, weight) in weights)
        {
            using var scope = NewDisposeScope();
            var entry = folder.Describe(name);
            var wide = room.narrow(0, 0, entry.Elements).view([.. entry.Shape]);
            folder.ReadInto(name, wide);
            narrow[weight].Replace(wide);
        }
        room.Dispose();
        Allocator.Trim();
    }

    /// <summary>Compares names, shapes and types; reads no weights.</summary>
    public static WeightMatch Compare(Module module, CheckpointFolder folder, WeightNames names)
    {
        Dictionary<string, Tensor> wanted = module.state_dict();
        var matched = new List<(string Name, Tensor Tensor)>();
        var takenBy = new Dictionary<string, string>();
        List<string> unexpected = [], misshapen = [], ignored = [];
        foreach (string name in folder.Names.Order(StringComparer.Ordinal))
        {
            if (names.ToModule(name) is not { } target) continue;
            TensorEntry entry = folder.Describe(name);
            if (!wanted.TryGetValue(target, out Tensor? tensor))
            {
                if (names.IsIgnored(target)) ignored.Add(name);
                else unexpected.Add($"{name} {StorageTypes.Text(entry.Shape)}");
            }
            else if (!takenBy.TryAdd(target, name))
            {
                unexpected.Add($"{name} {StorageTypes.Text(entry.Shape)}: the module's {target} is filled by {takenBy[target]} already");
            }
            else if (Difference(entry, tensor) is { } difference)
            {
                misshapen.Add($"{name}: {difference}");
            }
            else
            {
                matched.Add((name, tensor));
            }
        }
        // A tied weight is one tensor under two names; a checkpoint holds it under either.
        var filled = matched.Select(match => match.Tensor).ToHashSet<Tensor>(ReferenceEqualityComparer.Instance);
        var missing = wanted
            .Where(pair => !takenBy.ContainsKey(pair.Key) && !filled.Contains(pair.Value) && !names.IsOptional(pair.Key))
            .Select(pair => $"{pair.Key} {StorageTypes.Text(pair.Value.shape)}")
            .Order(StringComparer.Ordinal);
        return new WeightMatch(matched, [.. missing], unexpected, misshapen, ignored);
    }

    private static string? Difference(TensorEntry entry, Tensor tensor)
    {
        if (!entry.Shape.SequenceEqual(tensor.shape))
            return $"{StorageTypes.Text(entry.Shape)} in the checkpoint, {StorageTypes.Text(tensor.shape)} in the module";
        // Between widths of floating point a cast is what was asked for; from whole numbers to fractions or back it is a mistake.
        if (StorageTypes.IsFloat(entry.Type) != StorageTypes.IsFloat(tensor.dtype))
            return $"{StorageTypes.Name(entry.Type)} in the checkpoint, {StorageTypes.Name(tensor.dtype)} in the module";
        return null;
    }
}
