using System.Buffers.Binary;
using System.Text;
using Mint.ML.Checkpoints;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Checkpoints;

[TestClass]
public sealed class SafetensorsTests
{
    private readonly string folder = Directory.CreateTempSubdirectory("mint-safetensors").FullName;

    [TestCleanup]
    public void Delete() => Directory.Delete(folder, recursive: true);

    [TestMethod]
    public void Every_type_comes_back_bit_for_bit()
    {
        ScalarType[] types = [float64, float32, float16, bfloat16, int64, int32, int16, int8, uint8, ScalarType.Bool];
        var written = types.ToDictionary(type => type.ToString(), type => tensor(new float[] { 0, 1, 2, 3, 5, 100 }).reshape(2, 3).to(type));
        written["scalar"] = tensor(2.5f);
        written["empty"] = zeros(0, 3);
        Safetensors.Write(At("all.safetensors"), written, new Dictionary<string, string> { ["format"] = "pt" });
        using var file = SafetensorsFile.Open(At("all.safetensors"));
        Assert.AreEqual("pt", file.Metadata["format"]);
        Assert.AreEqual(written.Count, file.Tensors.Count);
        foreach (var (name, tensor) in written)
        {
            using Tensor read = file.Read(name);
            Assert.AreEqual(tensor.dtype, read.dtype);
            CollectionAssert.AreEqual(tensor.shape, read.shape);
            CollectionAssert.AreEqual(tensor.bytes.ToArray(), read.bytes.ToArray(), name);
        }
    }

    [TestMethod]
    public void Header_follows_the_format_and_aligns_the_data()
    {
        Safetensors.Write(At("a.safetensors"), new Dictionary<string, Tensor> { ["b"] = ones(3, dtype: uint8), ["a"] = ones(2, dtype: int64) });
        byte[] bytes = File.ReadAllBytes(At("a.safetensors"));
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
        Assert.AreEqual(0, length % 8);
        string header = Encoding.UTF8.GetString(bytes, 8, length).TrimEnd(' ');
        Assert.AreEqual("""{"a":{"dtype":"I64","shape":[2],"data_offsets":[0,16]},"b":{"dtype":"U8","shape":[3],"data_offsets":[16,19]}}""", header);
        Assert.AreEqual(8 + length + 19, bytes.Length);
    }

    [TestMethod]
    public void Reads_what_another_reader_reads()
    {
        var (values, shape) = FixtureTensors.Read("hidden_states", "bert", "io.safetensors");
        using var file = SafetensorsFile.Open(Fixtures.Path("bert", "io.safetensors"));
        using Tensor read = file.Read("hidden_states");
        CollectionAssert.AreEqual(shape, read.shape);
        CollectionAssert.AreEqual(values, read.data<float>().ToArray());
    }

    [TestMethod]
    public void A_large_file_that_ends_while_it_is_read_says_where()
    {
        string path = At("large.safetensors");
        using Tensor large = zeros(6 << 20); // more than one piece, so that they are read side by side
        Safetensors.Write(path, [new("a", large)]);
        using var file = SafetensorsFile.Open(path);
        using (var stream = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) stream.SetLength(20 << 20);
        StringAssert.Contains(Assert.ThrowsExactly<EndOfStreamException>(() => file.Read("a")).Message, (20 << 20).ToString());
    }

    [TestMethod]
    [DataRow(ScalarType.Float16)]
    [DataRow(ScalarType.BFloat16)]
    [DataRow(ScalarType.Float64)]
    public void A_destination_of_another_type_is_cast_into(ScalarType stored)
    {
        using Tensor values = linspace(-3, 3, 5_000_000).to(stored);        // more than one chunk
        Safetensors.Write(At("a.safetensors"), new Dictionary<string, Tensor> { ["x"] = values });
        using var file = SafetensorsFile.Open(At("a.safetensors"));
        using Tensor destination = empty(5_000_000);
        file.ReadInto("x", destination);
        Assert.IsTrue(destination.Equals(values.to(float32)));
    }

    [TestMethod]
    public void A_strided_destination_and_a_parameter_are_filled_in_place()
    {
        using Tensor values = arange(12, dtype: float32).reshape(3, 4);
        Safetensors.Write(At("a.safetensors"), new Dictionary<string, Tensor> { ["x"] = values.t(), ["y"] = values });
        using var file = SafetensorsFile.Open(At("a.safetensors"));
        using Tensor host = zeros(3, 4);
        file.ReadInto("x", host.t());
        Assert.IsTrue(host.Equals(values));
        using var parameter = new TorchSharp.Modules.Parameter(empty(3, 4));
        file.ReadInto("y", parameter);
        Assert.IsTrue(parameter.requires_grad);
        Assert.IsTrue(parameter.detach().Equals(values));
    }

    [TestMethod]
    public void A_destination_of_another_shape_is_refused_with_both_shapes()
    {
        Safetensors.Write(At("a.safetensors"), new Dictionary<string, Tensor> { ["x"] = ones(2, 3) });
        using var file = SafetensorsFile.Open(At("a.safetensors"));
        var error = Assert.ThrowsExactly<ArgumentException>(() => file.ReadInto("x", empty(3, 2)));
        StringAssert.Contains(error.Message, "'x' is (2, 3) in the file");
        StringAssert.Contains(error.Message, "(3, 2)");
    }

    [TestMethod]
    [DataRow("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12, "'b' overlaps")]
    [DataRow("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[12,16]}}""", 16, "belong to no tensor")]
    [DataRow("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 12, "4 bytes at its end")]
    [DataRow("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 4, "'a' claims bytes 0 to 8 of 4")]
    [DataRow("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "F32 (3), does not fit its 8 bytes")]
    [DataRow("""{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", 8, "does not fit")]
    [DataRow("""{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}""", 0, "does not fit")]
    [DataRow("""{"a":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}}""", 2, "'a' is stored as F8_E4M3; this reader knows F64")]
    [DataRow("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", 2, "tensor 'a' twice")]
    [DataRow("""{"a":{"dtype":"U8","shape":[1]}}""", 1, "needs a dtype, a shape and two data_offsets")]
    [DataRow("""{"a":{"dtype":"U8","shape":[1.5],"data_offsets":[0,1]}}""", 1, "not the JSON it should be")]
    [DataRow("""{"__metadata__":{"a":1}}""", 0, "strings only")]
    [DataRow("""[1]""", 0, "not the JSON it should be")]
    [DataRow("""{} {}""", 0, "")]
    public void A_broken_header_says_what_is_wrong_and_names_the_file(string header, int dataBytes, string expected)
    {
        byte[] bytes = [.. BitConverter.GetBytes((long)header.Length), .. Encoding.UTF8.GetBytes(header), .. new byte[dataBytes]];
        File.WriteAllBytes(At("broken.safetensors"), bytes);
        var error = Assert.ThrowsExactly<InvalidDataException>(() => SafetensorsFile.Open(At("broken.safetensors")));
        StringAssert.Contains(error.Message, expected);
        StringAssert.StartsWith(error.Message, At("broken.safetensors"));
    }

    [TestMethod]
    [DataRow(0UL)]
    [DataRow(1UL << 40)]
    [DataRow(ulong.MaxValue)]
    public void A_header_length_that_cannot_be_is_refused_without_allocating_it(ulong length)
    {
        File.WriteAllBytes(At("broken.safetensors"), [.. BitConverter.GetBytes(length), .. "{}"u8]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.ThrowsExactly<InvalidDataException>(() => SafetensorsFile.Open(At("broken.safetensors")));
        Assert.IsLessThan(1 << 20, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [TestMethod]
    public void Writing_two_tensors_of_one_name_fails_and_leaves_the_old_file()
    {
        Safetensors.Write(At("a.safetensors"), new Dictionary<string, Tensor> { ["x"] = ones(2) });
        byte[] old = File.ReadAllBytes(At("a.safetensors"));
        KeyValuePair<string, Tensor>[] twice = [new("y", ones(1)), new("y", ones(1))];
        Assert.ThrowsExactly<ArgumentException>(() => Safetensors.Write(At("a.safetensors"), twice));
        CollectionAssert.AreEqual(old, File.ReadAllBytes(At("a.safetensors")));
        Assert.HasCount(1, Directory.GetFiles(folder));
    }

    [TestMethod]
    public void A_stream_gives_the_bits_that_the_file_gives()
    {
        var written = new Dictionary<string,
            Tensor>
        { ["x"] = arange(5), ["y"] = randn(3, 2).to(bfloat16), ["z"] = zeros(0, 7), ["w"] = tensor(new[] { float.NaN, -0f, 1.5f }) };
        Safetensors.Write(At("a.safetensors"), written);
        using var stream = File.OpenRead(At("a.safetensors"));
        var read = Safetensors.ReadAll(stream);
        var file = Safetensors.ReadAll(At("a.safetensors"));
        CollectionAssert.AreEquivalent(written.Keys.ToArray(), read.Keys.ToArray());
        foreach (var (name, tensor) in written)
        {
            foreach (var back in (Tensor[])[read[name], file[name]])
            {
                Assert.AreEqual(tensor.dtype, back.dtype, name);
                CollectionAssert.AreEqual(tensor.shape, back.shape, name);
                Assert.IsTrue(tensor.bytes.SequenceEqual(back.bytes), name);
            }
        }
        byte[] whole = File.ReadAllBytes(At("a.safetensors"));
        Assert.Contains("stream", Assert.ThrowsExactly<InvalidDataException>(() => Safetensors.ReadAll(new MemoryStream(whole[..^1]))).Message);
    }

    [TestMethod]
    public void Mutated_files_are_refused_or_read_never_more()
    {
        byte[] whole = File.ReadAllBytes(Fixtures.Path("clip_text_proj", "io.safetensors"));
        using var all = new MemoryStream();
        Safetensors.Write(all, new Dictionary<string, Tensor> { ["a"] = ones(2, 3), ["b"] = ones(4, dtype: bfloat16), ["c"] = zeros(0, 7) },
            new Dictionary<string, string> { ["format"] = "pt" });
        Fuzz.Run([whole, all.ToArray()], input => Safetensors.ReadAll(new MemoryStream(input)).Values.ToList().ForEach(tensor => tensor.Dispose()),
            error => error is InvalidDataException, maxAllocated: 1 << 20);
    }

    private string At(string name) => Path.Combine(folder, name);
}
