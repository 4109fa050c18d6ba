using System.Globalization;
using System.Text.Json.Nodes;
using Mint.ML.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace Mint.ML.Parity;

/// <summary>A folder of reference inputs and outputs while a model is compared with it.</summary>
/// <remarks>Tensors are read once and live until the fixture is disposed. The error of a tensor is its largest difference over its largest magnitude.</remarks>
internal sealed class Fixture : IDisposable
{
    private readonly Dictionary<string, Tensor> tensors = [];
    private readonly Dictionary<string, Tensor> placed = []; // inputs on another device than the CPU
    private readonly HashSet<string> compared = [];
    private readonly List<string> problems = [];
    private readonly HashSet<string> used = [];
    private readonly Dictionary<string, string> left = [];

    public Fixture(string name, string path, double tolerance, Device? device = null)
    {
        (Name, Path, Tolerance, Device) = (name, path, tolerance, device ?? CPU);
        string meta = System.IO.Path.Combine(path, "meta.json");
        if (File.Exists(meta)) Meta = JsonNode.Parse(File.ReadAllText(meta)) as JsonObject ?? [];
        Add("io.safetensors");
    }

    public string Name { get; }

    /// <summary>The folder, as a model's Load takes it.</summary>
    public string Path { get; }

    public double Tolerance { get; }

    /// <summary>Where models are loaded and inputs lie. Reference values stay on the CPU, and what was computed comes to them.</summary>
    public Device Device { get; }

    public JsonObject Meta { get; } = [];

    /// <summary>Largest error so far, and the tensor that has it.</summary>
    public (double Error, string Where) Worst { get; private set; }

    public IReadOnlyCollection<string> Compared => compared;

    public IReadOnlyList<string> Problems => problems;

    /// <summary>Tensors that were neither an input nor compared, and for which there is no reason.</summary>
    public IEnumerable<string> Untouched => tensors.Keys.Where(name => !used.Contains(name) && !compared.Contains(name) && !left.ContainsKey(name))
        .Order(StringComparer.Ordinal);

    /// <summary>Tensors that are not compared, and why not.</summary>
    public IReadOnlyDictionary<string, string> Left => left;

    public IEnumerable<string> Names => tensors.Keys;

    /// <summary>An input, on the device.</summary>
    public Tensor this[string name]
    {
        get
        {
            used.Add(name);
            Tensor read = Read(name);
            if (Device.type == DeviceType.CPU) return read;
            if (!placed.TryGetValue(name, out Tensor? there)) placed.Add(name, there = read.to(Device).DetachFromDisposeScope());
            return there;
        }
    }

    public bool Has(string name) => tensors.ContainsKey(name);

    /// <summary>A mask of zeros and ones as bool.</summary>
    public Tensor Mask(string name) => this[name].to(ScalarType.Bool);

    /// <summary>Reads one more file of the folder.</summary>
    public void Add(string file)
    {
        string path = System.IO.Path.Combine(Path, file);
        if (!File.Exists(path)) return;
        using var none = NewDisposeScope();
        foreach (var (name, tensor) in Safetensors.ReadAll(path)) tensors.Add(name, tensor.DetachFromDisposeScope());
    }

    /// <summary>Compares with the tensor of this name, at every position or where the mask (B, T) is true.</summary>
    /// <param name="name">The reference tensor.</param>
    /// <param name="actual">What was computed.</param>
    /// <param name="mask">(B, T) bool, where the first dimensions of both are (B, T).</param>
    /// <param name="scale">The magnitude to measure by; null takes the tensor's largest.</param>
    /// <param name="tolerance">Where it is another than the fixture's.</param>
    public void Close(string name, Tensor actual, Tensor? mask = null, double? scale = null, double? tolerance = null) =>
        Close(name, Expected(name), actual, mask, scale, tolerance);

    /// <summary>Compares a list of (B, T, ...) with a tensor that has them along its first dimension.</summary>
    public void EachClose(string name, IReadOnlyList<Tensor> actual, Tensor? mask = null)
    {
        Tensor expected = Expected(name);
        if (expected.shape[0] != actual.Count)
        {
            problems.Add($"{name}: {actual.Count} layers, the reference has {expected.shape[0]}");
            return;
        }
        for (int i = 0; i < actual.Count; i++) Close($"{name}[{i}]", expected.select(0, i), actual[i], mask, scale: null, tolerance: null);
    }

    private void Close(string name, Tensor expected, Tensor actual, Tensor? mask, double? scale, double? tolerance)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        if (!expected.shape.AsSpan().SequenceEqual(actual.shape))
        {
            problems.Add($"{name}: shape ({string.Join(", ", actual.shape)}), the reference has ({string.Join(", ", expected.shape)})");
            return;
        }
        actual = actual.cpu();
        if (mask is not null)
        {
            var seen = mask.cpu().reshape(-1);
            expected = expected.reshape(mask.numel(), -1)[seen];
            actual = actual.reshape(mask.numel(), -1)[seen];
        }
        Record(name, Error(expected.to(ScalarType.Float64), actual.to(ScalarType.Float64), scale), tolerance);
    }

    /// <summary>Compares a number that stands elsewhere than in a tensor file.</summary>
    public void Close(string name, double expected, double actual, double? tolerance = null)
    {
        compared.Add(name);
        double difference = Math.Abs(actual - expected);
        Record(name, double.IsNaN(difference) ? double.PositiveInfinity : difference == 0 ? 0 : difference / Math.Max(Math.Abs(expected), 1e-12), tolerance);
    }

    /// <summary>Demands equal whole numbers.</summary>
    public void Same(string name, Tensor actual)
    {
        Tensor expected = Expected(name);
        using var plain = actual.cpu().to(ScalarType.Int64);
        using var wide = expected.to(ScalarType.Int64);
        Same(name, wide.shape.AsSpan().SequenceEqual(plain.shape) && wide.Equals(plain), () => $"{Show(plain)}, the reference has {Show(wide)}");
    }

    public void Same(string name, bool equal, Func<string> difference)
    {
        compared.Add(name);
        if (!equal) problems.Add($"{name}: {difference()}");
    }

    /// <summary>Says why a tensor is not compared.</summary>
    public void Leave(string name, string reason)
    {
        if (Has(name)) left[name] = reason;
    }

    public void Dispose()
    {
        foreach (Tensor tensor in tensors.Values.Concat(placed.Values)) tensor.Dispose();
    }

    private Tensor Expected(string name)
    {
        compared.Add(name);
        return Read(name);
    }

    private Tensor Read(string name) => tensors.TryGetValue(name, out Tensor? tensor) ? tensor
        : throw new InvalidDataException($"{Name}: the fixture has no tensor '{name}'.");

    private void Record(string name, double error, double? tolerance)
    {
        if (error >= Worst.Error) Worst = (error, name);
        if (!(error <= (tolerance ?? Tolerance)))
            problems.Add(string.Create(CultureInfo.InvariantCulture, $"{name}: error {error:0.0e+00} is above {tolerance ?? Tolerance:0e+00}"));
    }

    private static double Error(Tensor expected, Tensor actual, double? scale)
    {
        if (expected.numel() == 0) return 0;
        double difference = (expected - actual).abs().max().item<double>(), magnitude = scale ?? expected.abs().max().item<double>();
        // A gradient that is zero in the reference must be zero here.
        return double.IsNaN(difference) ? double.PositiveInfinity : difference == 0 ? 0 : magnitude == 0 ? double.PositiveInfinity : difference / magnitude;
    }

    private static string Show(Tensor ids)
    {
        string text = $"({string.Join(", ", ids.shape)}) [{string.Join(' ', ids.data<long>().ToArray().Take(24))}";
        return text + (ids.numel() > 24 ? " ...]" : "]");
    }
}
