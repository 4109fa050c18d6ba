using System.Text;
using Mint.ML.Audio;

namespace Mint.ML.Tests.Audio;

[TestClass]
public sealed class AudioManifestTests
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
        Assert.AreEqual((2, 3), (manifest.Rows[1].Number, manifest.Rows[1].Line));
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
        Refuses("m.csv", "Path,Caption\na.wav,x\nb.wav,one,two\n", "row 2 (line 3): it has 3 fields where the header has 2");
        Refuses("m.csv", "Path,Caption\n,x\n", "row 1 (line 2): it names no Path");
        Refuses("m.csv", "File,Caption\na.wav,x\n", "no Path column");
        Refuses("m.csv", "Path,path\na.wav,x\n", "stands twice");
        Refuses("m.csv", "Path\n", "no rows");
        Refuses("m.csv", "", "no rows");
        Refuses("m.jsonl", "{\"Path\":\"a.wav\"}\nnonsense\n", "row 2 (line 2): it is not valid JSON");
        Refuses("m.jsonl", "[1]\n", "it is a JSON array");
        Refuses("m.jsonl", "{\"Path\":[\"a\"]}\n", "row 1 (line 1): 'Path' is neither text nor a number");
    }

    [TestMethod]
    public void A_missing_manifest_is_named() =>
        StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(() => AudioManifest.Read("gone.csv")).Message, "gone.csv");

    [TestMethod]
    public void Paths_keep_every_space_and_other_values_lose_those_around_them()
    {
        AudioManifest manifest = Read("m.csv", "Path , Caption\n a.wav ,  low \n\"  b.wav\", \"x, y\" \n");
        CollectionAssert.AreEqual(new[] { " a.wav ", "  b.wav" }, manifest.Rows.Select(row => row["Path"]).ToArray());
        CollectionAssert.AreEqual(new[] { "low", "x, y" }, manifest.Rows.Select(row => row["Caption"]).ToArray());
        Assert.AreEqual(Path.Combine(folder, " a.wav "), manifest.Rows[0].Path);
    }

    [TestMethod]
    public void Rows_tell_the_line_on_which_they_begin_behind_blank_lines_and_texts_of_several_lines()
    {
        AudioManifest manifest = Read("m.csv", "Path,Caption\r\n\r\na.wav,\"one\ntwo\"\r\n\nb.wav,x\n");
        CollectionAssert.AreEqual(new[] { (1, 3), (2, 6) }, manifest.Rows.Select(row => (row.Number, row.Line)).ToArray());
        Assert.AreEqual("one\ntwo", manifest.Rows[0]["Caption"]);
        StringAssert.Contains(Assert.ThrowsExactly<KeyNotFoundException>(() => manifest.Rows[1]["Label"]).Message, "m.csv, row 2 (line 6) has no 'Label'");
        Refuses("n.csv", "Path,Caption\n\na.wav,\"one\ntwo\"\nb.wav,\"never\nended", "row 2 (line 5): a quoted field has no end");
    }

    [TestMethod]
    [DataRow("m.txt", "base.wav\n a, b.wav\n", "base.wav| a, b.wav")]
    [DataRow("m.txt", "Path,Caption\nbase.wav,x\n", "base.wav")]
    [DataRow("m.tsv", "Path\tCaption\nbase, wav\tx\n", "base, wav")]
    [DataRow("m.json", "{\"Path\":\"base.wav\",\"Caption\":\"x\"}", "base.wav")]
    [DataRow("m", "\n {\"Path\":\"base.wav\"}", "base.wav")]
    public void The_content_tells_the_form(string name, string text, string paths) =>
        Assert.AreEqual(paths, string.Join('|', Read(name, text).Rows.Select(row => row["Path"])));

    [TestMethod]
    public void Text_in_another_encoding_is_an_error_with_its_line_and_byte()
    {
        string latin = Fixtures.Path("faults", "16-latin1-manifest", "latin.csv");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => AudioManifest.Read(latin)).Message,
            "latin.csv, line 2: byte 23 (0xFC) is not UTF-8");
        string path = Path.Combine(folder, "wide.csv");
        const string Text = "Path,Caption\na.wav,Grüße \U0001F3B5 \uFFFD\n";
        foreach (var encoding in (Encoding[])[Encoding.Unicode, Encoding.BigEndianUnicode, new UTF8Encoding(true), new UTF8Encoding(false)])
        {
            File.WriteAllText(path, Text, encoding);
            Assert.AreEqual("Grüße \U0001F3B5 \uFFFD", AudioManifest.Read(path).Rows[0]["Caption"], encoding.EncodingName);
        }

        File.WriteAllBytes(path, new UnicodeEncoding(false, byteOrderMark: false).GetBytes(Text));
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => AudioManifest.Read(path)).Message, "line 1: byte 2 (0x00) is no letter");
        File.WriteAllBytes(path, [.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes("Path\na"), 0x3C, 0xD8, .. Encoding.Unicode.GetBytes(".wav\n")]);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => AudioManifest.Read(path)).Message,
            "line 2: byte 15 is half a character of UTF-16");
    }

    [TestMethod]
    public void Mutated_manifests_end_in_rows_or_in_the_documented_error() => Fuzz.Run(
        [
            .. ((string[])["Path,Caption\na.wav,\"a \"\"low\"\"\nnote\"\n b.wav,x\r\n", "Path\tCaption\na.wav\tx\n",
                "{\"Path\":\"a.wav\",\"Caption\":\"x\"}\n{\"path\":\"b.wav\"}\n", "a.wav\nb.wav\n"])
                .Select(Encoding.UTF8.GetBytes),
            [.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes("Path,Caption\na.wav,Grüße\n")],
        ],
        bytes =>
        {
            AudioManifest.Parse(Mint.ML.Files.TextFile.Decode(bytes, "m.txt"), "m.txt"); // the ending that takes every form
        },
        error => error is InvalidDataException,
        maxAllocated: 1 << 20);
}
