using Mint.ML.Checkpoints;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Checkpoints;

/// <summary>The files were written by PyTorch itself: tests/fixtures/pytorch/make.py.</summary>
[TestClass]
public sealed class PyTorchFileTests
{
    [TestMethod]
    [DataRow("tensors.pth")]
    [DataRow("protocol4.pth")]
    public void Every_type_and_layout_is_read(string file)
    {
        using var folder = CheckpointFolder.Open(Fixtures.Path("pytorch", file));
        (string, ScalarType)[] types = [("float64", float64), ("float32", float32), ("float16", float16), ("bfloat16", bfloat16), ("int64", int64),
            ("int32", int32), ("int16", int16), ("int8", int8), ("uint8", uint8)];
        foreach (var (name, type) in types)
            AssertIs(folder, name, tensor(new float[] { 0, 1, 2, 3, 4, 100 }).reshape(2, 3).to(type));
        using Tensor whole = arange(24, dtype: float32).reshape(4, 6);
        AssertIs(folder, "bool", tensor(new[] { true, false, true }));
        AssertIs(folder, "scalar", tensor(2.5f));
        AssertIs(folder, "empty", zeros(0, 3));
        AssertIs(folder, "whole", whole);
        AssertIs(folder, "rows", whole.narrow(0, 1, 2));
        AssertIs(folder, "transposed", whole.t());
        AssertIs(folder, "column", whole.select(1, 2));
        AssertIs(folder, "parameter", tensor(new float[] { 1, -1 }));
        Assert.HasCount(17, folder.Names);
    }

    [TestMethod]
    [DataRow("module.pth")]
    [DataRow("wrapped.pth")]
    [DataRow("pairs.pth")]
    public void A_state_dict_is_found_alone_or_among_a_trainers_things(string file)
    {
        using var folder = CheckpointFolder.Open(Fixtures.Path("pytorch", file));
        AssertIs(folder, "0.weight", arange(6, dtype: float32).reshape(3, 2));
        AssertIs(folder, "0.bias", full(3, 7f));
    }

    [TestMethod]
    public void A_strided_tensor_is_cast_into_a_strided_destination()
    {
        using var folder = CheckpointFolder.Open(Fixtures.Path("pytorch", "tensors.pth"));
        using Tensor destination = zeros(4, 6, dtype: float64);
        folder.ReadInto("transposed", destination.t());
        Assert.IsTrue(destination.Equals(arange(24, dtype: float64).reshape(4, 6)));
    }

    [TestMethod]
    public void A_folder_with_pytorch_model_bin_holds_what_its_safetensors_twin_holds()
    {
        using var bin = CheckpointFolder.Open(Fixtures.Path("bert_plain_bin"));
        using var safetensors = CheckpointFolder.Open(Fixtures.Path("bert_plain"));
        CollectionAssert.AreEquivalent(safetensors.Names.ToArray(), bin.Names.ToArray());
        foreach (string name in safetensors.Names) AssertIs(bin, name, safetensors.Read(name));
        Assert.AreEqual("bert", bin.Config["model_type"]!.GetValue<string>());
    }

    [TestMethod]
    [DataRow("evil.pth", "posix.system")]
    [DataRow("object.pth", "torch.nn.modules.container.Sequential")]
    [DataRow("legacy.pth", "before version 1.6")]
    [DataRow("make.py", "not a PyTorch checkpoint")]
    public void What_is_not_on_the_list_is_refused_by_name(string file, string expected)
    {
        string path = Fixtures.Path("pytorch", file);
        var error = Assert.ThrowsExactly<InvalidDataException>(() => PyTorchFile.Open(path));
        StringAssert.Contains(error.Message, expected);
        StringAssert.StartsWith(error.Message, path);
    }

    [TestMethod]
    public void An_instruction_that_is_not_on_the_list_is_named()
    {
        var error = Assert.ThrowsExactly<InvalidDataException>(() => PickleReader.Read([0x80, 2, (byte)'i', (byte)'.'], "x"));
        StringAssert.Contains(error.Message, "0x69");
    }

    [TestMethod]
    [DataRow(new long[] { 3, 4 }, new long[] { 4, 1 }, 1)]              // one element past the storage's 12
    [DataRow(new long[] { 1L << 40 }, new long[] { 0 }, 0)]             // a terabyte from one element
    [DataRow(new long[] { 2, 2 }, new long[] { -1, 1 }, 4)]
    [DataRow(new long[] { 1L << 62, 4 }, new long[] { 1, 1 }, 0)]
    public void A_tensor_that_reaches_out_of_its_storage_is_refused(long[] shape, long[] strides, int offset)
    {
        byte[] pickle =
        [
            0x80, 2, .. "ctorch._utils\n_rebuild_tensor_v2\n("u8, .. "(X"u8, 7, 0, 0, 0, .. "storagectorch\nFloatStorage\nX"u8, 1, 0, 0, 0,
            .. "0X"u8, 3, 0, 0, 0, .. "cpuK"u8, 12, .. "tQK"u8, (byte)offset, (byte)'(', .. shape.SelectMany(Number), (byte)'t',
            (byte)'(', .. strides.SelectMany(Number), (byte)'t', 0x89, .. "}tR."u8,
        ];
        Assert.ThrowsExactly<InvalidDataException>(() => PickleReader.Read(pickle, "x"));

        static byte[] Number(long value) => [0x8a, 8, .. BitConverter.GetBytes(value)];
    }

    [TestMethod]
    public void Numbers_that_are_made_to_share_a_hash_do_not_share_one_here()
    {
        const int Count = 40_000;
        byte[] pickle = [0x80, 2, .. "}("u8, .. Enumerable.Range(0, Count).SelectMany(Pair), .. "u."u8];
        var dictionary = (Dictionary<object, object?>)PickleReader.Read(pickle, "x")!;
        Assert.HasCount(Count, dictionary);
        Assert.HasCount(1, dictionary.Keys.Select(key => key.GetHashCode()).Distinct()); // .NET's own hash
        Assert.IsGreaterThan(Count * 0.99, dictionary.Keys.Select(dictionary.Comparer.GetHashCode).Distinct().Count());

        // A number whose halves are equal, and None.
        static byte[] Pair(int half) => [0x8a, 8, .. BitConverter.GetBytes((long)half << 32 | (uint)half), (byte)'N'];
    }

    [TestMethod]
    public void Equal_numbers_are_one_key()
    {
        byte[] pickle = [0x80, 2, .. "}(G"u8, 0, 0, 0, 0, 0, 0, 0, 0, (byte)'N', (byte)'G', 0x80, 0, 0, 0, 0, 0, 0, 0, (byte)'N', .. "K"u8, 7, (byte)'N',
            (byte)'J', 7, 0, 0, 0, (byte)'N', .. "u."u8];
        Assert.HasCount(2, (Dictionary<object, object?>)PickleReader.Read(pickle, "x")!); // 0 and -0, 7 and 7
    }

    [TestMethod]
    public void Mutated_pickles_are_refused_or_read_never_more() =>
        Fuzz.Run([Pickle("tensors.pth"), Pickle("protocol4.pth"), Pickle("wrapped.pth")], input => PickleReader.Read(input, "input"),
            error => error is InvalidDataException, maxAllocated: 8 << 20);

    [TestMethod]
    public void Mutated_zips_are_refused_or_read_never_more() =>
        Fuzz.Run([File.ReadAllBytes(Fixtures.Path("pytorch", "module.pth")), File.ReadAllBytes(Fixtures.Path("pytorch", "wrapped.pth"))],
            input => PyTorchFile.ReadIndex(new MemoryStream(input), "input"), error => error is InvalidDataException, maxAllocated: 64 << 20);

    private static byte[] Pickle(string file)
    {
        using var zip = System.IO.Compression.ZipFile.OpenRead(Fixtures.Path("pytorch", file));
        using var content = zip.Entries.Single(entry => entry.Name == "data.pkl").Open();
        using var bytes = new MemoryStream();
        content.CopyTo(bytes);
        return bytes.ToArray();
    }

    private static void AssertIs(CheckpointFolder folder, string name, Tensor expected)
    {
        using Tensor read = folder.Read(name);
        Assert.AreEqual(expected.dtype, read.dtype, name);
        CollectionAssert.AreEqual(expected.shape, read.shape, name);
        Assert.IsTrue(read.Equals(expected), name);
    }
}
