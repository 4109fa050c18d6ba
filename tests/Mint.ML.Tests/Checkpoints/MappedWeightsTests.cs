using System.Globalization;
using Mint.ML.Checkpoints;
using Mint.ML.LanguageModels;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace Mint.ML.Tests.Checkpoints;

[TestClass]
public sealed class MappedWeightsTests
{
    private readonly string folder = Directory.CreateTempSubdirectory("mint-mapped").FullName;

    [TestCleanup]
    public void Delete() => Directory.Delete(folder, recursive: true);

    /// <summary>Three tensors by name, whatever their types.</summary>
    private sealed class Three : Module<Tensor, Tensor>
    {
        public readonly Parameter a, b, c;

        public Three(ScalarType type) : base(nameof(Three))
        {
            (a, b, c) = (new(empty([2, 3], dtype: type)), new(empty([5], dtype: type)), new(empty([4, 2], dtype: type)));
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => x;
    }

    [TestMethod]
    public void A_mapped_model_answers_to_the_bit_as_one_that_is_read()
    {
        string path = Fixtures.Path("flan_t5");
        using var read = T5.Load(path);
        using var mapped = WeightLoader.Mapped(() => T5.Load(path));
        using var prompt = randn(2, 7, read.HiddenSize);
        using var mask = ones([2, 7], dtype: ScalarType.Bool);
        using var targets = randint(2, read.VocabularySize, [2, 5]);
        using Tensor expected = read.Logits(prompt, mask, targets), answered = mapped.Logits(prompt, mask, targets);
        Assert.IsTrue(expected.Equals(answered));
        var weights = mapped.named_parameters().ToDictionary();
        foreach (var (name, parameter) in read.named_parameters())
        {
            Assert.IsTrue(parameter.Equals(weights[name]), name);
            Assert.IsFalse(weights[name].requires_grad, name);
        }
    }

    [TestMethod]
    public void Mapped_weights_lie_in_the_file_and_read_ones_do_not()
    {
        if (!OperatingSystem.IsLinux()) Assert.Inconclusive("weights are mapped on Linux");
        using var model = WeightLoader.Mapped(() => Load(Write(float32), float32));
        foreach (var parameter in (Parameter[])[model.a, model.b, model.c]) Assert.IsTrue(LiesInTheFile(parameter));
        using var other = Load(folder, float32);
        Assert.IsFalse(LiesInTheFile(other.a));
    }

    [TestMethod]
    public void What_is_written_into_mapped_weights_never_reaches_the_file()
    {
        string path = Write(float32);
        byte[] before = File.ReadAllBytes(Path.Combine(path, "model.safetensors"));
        using var model = WeightLoader.Mapped(() => Load(path, float32));
        using (no_grad())
            foreach (var parameter in model.parameters()) parameter.zero_();
        Assert.AreEqual(0, model.a.abs().sum().item<float>());
        CollectionAssert.AreEqual(before, File.ReadAllBytes(Path.Combine(path, "model.safetensors")));
    }

    [TestMethod]
    public void A_file_that_is_replaced_leaves_a_mapped_model_as_it_was()
    {
        string path = Write(float32);
        using var model = WeightLoader.Mapped(() => Load(path, float32));
        using Tensor before = model.b.clone();
        Safetensors.Write(Path.Combine(path, "model.safetensors"), new Dictionary<string, Tensor> { ["a"] = zeros(2, 3) });
        Assert.IsTrue(before.Equals(model.b));
    }

    [TestMethod]
    [DataRow(ScalarType.Float16, "stored narrower than asked for")]
    [DataRow(ScalarType.Float64, "stored wider than asked for")]
    public void Weights_of_another_type_are_read(ScalarType stored, string why)
    {
        using var mapped = WeightLoader.Mapped(() => Load(Write(stored), float32));
        using var read = Load(folder, float32);
        Assert.IsTrue(read.a.Equals(mapped.a), why);
        Assert.IsFalse(LiesInTheFile(mapped.a), why);
    }

    [TestMethod]
    public void Weights_that_lie_askew_in_the_file_are_read()
    {
        // Bytes first: what follows begins at no multiple of four.
        string file = Path.Combine(folder, "model.safetensors");
        Safetensors.Write(file, [new("a", arange(6, dtype: float32).reshape(2, 3)), new("b", arange(5, dtype: float32)), new("c", ones(4, 2))]);
        byte[] whole = File.ReadAllBytes(file);
        int header = BitConverter.ToInt32(whole);
        byte[] askew = [.. BitConverter.GetBytes((long)header + 1), .. whole.AsSpan(8, header), (byte)' ', .. whole.AsSpan(8 + header)];
        File.WriteAllBytes(file, askew);
        using var mapped = WeightLoader.Mapped(() => Load(folder, float32));
        CollectionAssert.AreEqual((float[])[0, 1, 2, 3, 4], mapped.b.detach().data<float>().ToArray());
        Assert.IsFalse(LiesInTheFile(mapped.b));
    }

    [TestMethod]
    public void Loading_after_a_mapped_one_reads_again_even_where_that_failed()
    {
        Write(float32);
        Assert.ThrowsExactly<DirectoryNotFoundException>(() => WeightLoader.Mapped(() => T5.Load(Path.Combine(folder, "absent"))));
        using var model = Load(folder, float32);
        Assert.IsFalse(LiesInTheFile(model.a));
    }

    private string Write(ScalarType type)
    {
        Safetensors.Write(Path.Combine(folder, "model.safetensors"),
            new Dictionary<string, Tensor> { ["a"] = randn(2, 3).to(type), ["b"] = randn(5).to(type), ["c"] = randn(4, 2).to(type) });
        return folder;
    }

    private static Three Load(string folder, ScalarType type)
    {
        using var checkpoint = CheckpointFolder.Open(folder);
        var model = new Three(type);
        WeightLoader.Load(model, checkpoint, new WeightNames());
        return model;
    }

    // The system's own list of what is mapped where.
    private bool LiesInTheFile(Parameter parameter)
    {
        using var plain = parameter.detach();
        long address = Address(plain);
        return File.ReadLines("/proc/self/maps").Where(line => line.Contains(folder)).Any(line =>
        {
            long[] bounds = [.. line[..line.IndexOf(' ')].Split('-').Select(bound => long.Parse(bound, NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
            return bounds[0] <= address && address < bounds[1];
        });
    }

    private static unsafe long Address(Tensor tensor)
    {
        fixed (byte* start = tensor.bytes) return (long)start;
    }
}
