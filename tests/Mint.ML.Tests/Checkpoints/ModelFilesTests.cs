using Mint.ML.Checkpoints;
using Mint.ML.Tests.Text;

namespace Mint.ML.Tests.Checkpoints;

[TestClass]
public sealed class ModelFilesTests
{
    [TestMethod]
    [DataRow("weights.pth")]
    [DataRow("weights.pt")]
    [DataRow("pytorch_model.bin")]
    [DataRow("model.safetensors")]
    [DataRow("vocab.txt")]
    [DataRow("spiece.model")]
    public void Any_file_that_can_be_loaded_makes_a_model_another_when_it_changes_or_comes_or_goes(string name)
    {
        using var folder = new TemporaryFolder();
        folder.Write("config.json", "{}");
        string without = ModelFolder.Hash(folder.Path);
        folder.Write(name, "one");
        string one = ModelFolder.Hash(folder.Path);
        folder.Write(name, "two");
        string two = ModelFolder.Hash(folder.Path);
        Assert.HasCount(3, new HashSet<string> { without, one, two });
        folder.Write(name, "one");
        Assert.AreEqual(one, ModelFolder.Hash(folder.Path));
        File.Delete(folder.File(name));
        Assert.AreEqual(without, ModelFolder.Hash(folder.Path));
    }

    [TestMethod]
    public void Cards_and_hidden_and_unfinished_files_are_no_part_of_a_model()
    {
        using var folder = new TemporaryFolder();
        folder.Write("config.json", "{}");
        string before = ModelFolder.Hash(folder.Path);
        foreach (string name in (string[])["README.md", ".gitattributes", "model.safetensors.tmp"]) folder.Write(name, "x");
        Assert.AreEqual(before, ModelFolder.Hash(folder.Path));
        CollectionAssert.AreEqual(new[] { "config.json" }, ModelFolder.Names(folder.Path).ToArray());
    }
}
