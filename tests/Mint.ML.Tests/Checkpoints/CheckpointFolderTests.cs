using System.Text;
using System.Text.Json.Nodes;
using Mint.ML.Checkpoints;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Checkpoints;

[TestClass]
public sealed class CheckpointFolderTests
{
    private readonly string folder = Directory.CreateTempSubdirectory("mint-checkpoint").FullName;

    [TestCleanup]
    public void Delete() => Directory.Delete(folder, recursive: true);

    [TestMethod]
    public void Shards_are_read_as_one_checkpoint()
    {
        using var checkpoint = CheckpointFolder.Open(Fixtures.Path("llama_sharded_f16"));
        Assert.AreEqual("llama", checkpoint.Config["model_type"]!.GetValue<string>());
        var index = JsonNode.Parse(File.ReadAllText(Fixtures.Path("llama_sharded_f16", "model.safetensors.index.json")))!["weight_map"]!.AsObject();
        CollectionAssert.AreEquivalent(index.Select(pair => pair.Key).ToArray(), checkpoint.Names.ToArray());
        foreach (string name in checkpoint.Names)
        {
            using var shard = SafetensorsFile.Open(Fixtures.Path("llama_sharded_f16", index[name]!.GetValue<string>()));
            using Tensor expected = shard.Read(name), read = checkpoint.Read(name);
            Assert.AreEqual(float16, read.dtype);
            Assert.IsTrue(read.Equals(expected), name);
        }
    }

    [TestMethod]
    public void A_written_folder_reads_back_whole_and_in_shards()
    {
        var tensors = new Dictionary<string, Tensor> { ["a"] = arange(100, dtype: float32), ["b"] = ones(10, 10), ["c"] = zeros(3, dtype: int64) };
        foreach (long limit in (long[])[5_000_000_000, 400])
        {
            CheckpointWriter.Write(folder, new JsonObject { ["model_type"] = "t5" }, tensors, limit);
            using var checkpoint = CheckpointFolder.Open(folder);
            Assert.AreEqual("t5", checkpoint.Config["model_type"]!.GetValue<string>());
            CollectionAssert.AreEquivalent(tensors.Keys, checkpoint.Names.ToArray());
            foreach (var (name, tensor) in tensors) Assert.IsTrue(checkpoint.Read(name).Equals(tensor), name);
        }
        // The shards replaced the whole file, which would have won over them.
        CollectionAssert.AreEquivalent(
            (string[])["config.json", "model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors", "model-00003-of-00003.safetensors",
                "model.safetensors.index.json"],
            Directory.GetFiles(folder).Select(Path.GetFileName).ToArray());
        var index = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "model.safetensors.index.json")))!;
        Assert.AreEqual(824, index["metadata"]!["total_size"]!.GetValue<long>());
        Assert.AreEqual("model-00002-of-00003.safetensors", index["weight_map"]!["b"]!.GetValue<string>());
        using var first = SafetensorsFile.Open(Path.Combine(folder, "model-00001-of-00003.safetensors"));
        Assert.AreEqual("pt", first.Metadata["format"]);
    }

    [TestMethod]
    public void A_missing_folder_shard_or_weight_file_is_named()
    {
        var noFolder = Assert.ThrowsExactly<DirectoryNotFoundException>(() => CheckpointFolder.Open(At("absent")));
        StringAssert.Contains(noFolder.Message, At("absent"));
        var noWeights = Assert.ThrowsExactly<FileNotFoundException>(() => CheckpointFolder.Open(folder));
        StringAssert.Contains(noWeights.Message, "model.safetensors");
        File.WriteAllText(At("model.safetensors.index.json"), """{"weight_map": {"a": "model-1.safetensors"}}""");
        var noShard = Assert.ThrowsExactly<FileNotFoundException>(() => CheckpointFolder.Open(folder));
        StringAssert.Contains(noShard.Message, "model-1.safetensors");
    }

    [TestMethod]
    [DataRow("""{"weight_map": {"a": "../../etc/passwd"}}""", "not a file name")]
    [DataRow("""{"weight_map": {"a": "/etc/passwd"}}""", "not a file name")]
    [DataRow("""{"weight_map": {"a": 3}}""", "not a file name")]
    [DataRow("""{"weight_map": []}""", "no \"weight_map\"")]
    [DataRow("""[]""", "JSON object")]
    [DataRow("""{"weight_map": {"a": "x", "a": "y"}}""", "not JSON")]
    public void An_index_that_is_broken_or_points_outside_is_refused(string json, string expected)
    {
        File.WriteAllText(At("model.safetensors.index.json"), json);
        var error = Assert.ThrowsExactly<InvalidDataException>(() => CheckpointFolder.Open(folder));
        StringAssert.Contains(error.Message, expected);
        StringAssert.StartsWith(error.Message, At("model.safetensors.index.json"));
    }

    [TestMethod]
    public void A_tensor_in_two_shards_is_refused()
    {
        Safetensors.Write(At("1.safetensors"), new Dictionary<string, Tensor> { ["a"] = ones(2) });
        Safetensors.Write(At("2.safetensors"), new Dictionary<string, Tensor> { ["a"] = ones(2), ["b"] = ones(2) });
        File.WriteAllText(At("model.safetensors.index.json"), """{"weight_map": {"a": "1.safetensors", "b": "2.safetensors"}}""");
        var error = Assert.ThrowsExactly<InvalidDataException>(() => CheckpointFolder.Open(folder));
        StringAssert.Contains(error.Message, "'a' stands in another shard");
    }

    [TestMethod]
    public void Mutated_indexes_and_configs_are_refused_or_read_never_more()
    {
        byte[] index = File.ReadAllBytes(Fixtures.Path("llama_sharded_f16", "model.safetensors.index.json"));
        byte[] config = File.ReadAllBytes(Fixtures.Path("llama", "config.json"));
        Fuzz.Run([index, Encoding.UTF8.GetBytes("""{"weight_map": {"a": "x.safetensors", "b": "y"}}""")],
            input => CheckpointFolder.Shards(CheckpointFolder.ReadJson(new MemoryStream(input), "input"), "input"),
            error => error is InvalidDataException, maxAllocated: 1 << 20, part: "indexes");
        Fuzz.Run([config], input => CheckpointFolder.ReadJson(new MemoryStream(input), "input").ToJsonString(),
            error => error is InvalidDataException, maxAllocated: 1 << 20, part: "configs");
    }

    private string At(string name) => Path.Combine(folder, name);
}
