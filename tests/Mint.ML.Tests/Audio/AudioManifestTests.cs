using Mint.ML.Audio;

namespace Mint.ML.Tests.Audio;

[TestClass]
public class AudioManifestTests
{
    private string folder = "";

    [TestInitialize]
    public void MakeFolder() => folder = Directory.CreateTempSubdirectory("mint-manifest").FullName;

    [TestCleanup]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    private AudioManifest Read(string name, string text)
    {
        string path = Path.Combine(folder, name);
        File.WriteAllText(path, text);
        return AudioManifest.Read(path);
    }

    private void Refuses(string name, string text, string expected)
    {
        var error = Assert.ThrowsExactly<InvalidDataException>(() => Read(name, text));
        StringAssert.Contains(error.Message, Path.Combine(folder, name));
        StringAssert.Contains(error.Message, expected);
    }

    [TestMethod]
    public void Csv_paths_are_relative_to_the_manifest_and_extra_columns_are_kept()
    {
        AudioManifest manifest = Read("m.csv", "Path,Caption,Mood\nsub/a.wav,\"a low, soft note\",calm\n/abs/b.wav,x,\n");
        Assert.AreEqual(Path.Combine(folder, "sub", "a.wav"), manifest.Rows[0].Path);
        Assert.AreEqual("a low, soft note", manifest.Rows[0]["caption"]);
        Assert.AreEqual("calm", manifest.Rows[0]["Mood"]);
        Assert.AreEqual("/abs/b.wav", manifest.Rows[1].Path);
        Assert.IsNull(manifest.Rows[1].Find("Mood"));
        CollectionAssert.AreEqual(new[] { "Path", "Caption", "Mood" }, manifest.Columns.ToArray());
    }

    [TestMethod]
    public void Json_lines_read_alike()
    {
        AudioManifest manifest = Read("m.jsonl", "{\"path\":\"a.wav\",\"Caption\":\"one\",\"Pitch\":60}\n\n{\"Path\":\"b.wav\",\"Label\":null}\n");
        Assert.AreEqual(Path.Combine(folder, "a.wav"), manifest.Rows[0].Path);
        Assert.AreEqual("60", manifest.Rows[0]["Pitch"]);
        Assert.AreEqual(3, manifest.Rows[1].Number);
        Assert.IsNull(manifest.Rows[1].Find("Label"));
    }

    [TestMethod]
    public void A_missing_column_is_named_with_those_that_are_there()
    {
        AudioManifest manifest = Read("m.csv", "Path,Caption\na.wav,x\n");
        StringAssert.Contains(Assert.ThrowsExactly<KeyNotFoundException>(() => manifest.Rows[0]["Label"]).Message, "Path, Caption");
    }

    [TestMethod]
    public void Bad_rows_are_named()
    {
        Refuses("m.csv", "Path,Caption\na.wav,x\nb.wav,one,two\n", "row 3: it has 3 fields where the header has 2");
        Refuses("m.csv", "Path,Caption\n,x\n", "row 2: it names no Path");
        Refuses("m.csv", "File,Caption\na.wav,x\n", "no Path column");
        Refuses("m.csv", "Path,path\na.wav,x\n", "stands twice");
        Refuses("m.csv", "Path\n", "no rows");
        Refuses("m.csv", "", "no rows");
        Refuses("m.jsonl", "{\"Path\":\"a.wav\"}\nnonsense\n", "row 2: it is not valid JSON");
        Refuses("m.jsonl", "[1]\n", "row 1: it is not a JSON object");
        Refuses("m.jsonl", "{\"Path\":[\"a\"]}\n", "row 1: 'Path' is neither text nor a number");
    }

    [TestMethod]
    public void A_missing_manifest_is_named() =>
        StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(() => AudioManifest.Read("gone.csv")).Message, "gone.csv");

    [TestMethod]
    [DataRow("m.csv", "Path,Caption,Mood\nsub/a.wav,\"a low, soft note\",calm\n/abs/b.wav,\"é \"\"x\"\"\",\n")]
    [DataRow("m.jsonl", "{\"path\":\"a.wav\",\"Caption\":\"one é\",\"Pitch\":60}\n\n{\"Path\":\"b.wav\",\"Label\":null}\n")]
    public void Mutated_manifests_are_read_or_refused_by_name(string name, string text)
    {
        string path = Path.Combine(folder, name);
        Fuzz.Run([System.Text.Encoding.UTF8.GetBytes(text)], bytes =>
        {
            File.WriteAllBytes(path, bytes);
            foreach (var row in AudioManifest.Read(path).Rows) Assert.IsGreaterThan(0, row.Path.Length);
        }, error => error is InvalidDataException && error.Message.Contains(path), maxAllocated: 8 << 20, part: name);
    }
}
