using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mint.ML.Transforms.Tests.Pipeline;

/// <summary>Manifests as ML.NET loads data.</summary>
[TestClass]
public sealed class ManifestLoaderTests
{
    private static readonly MLContext ml = new(seed: 1);
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("mint-manifest-");

    [TestCleanup]
    public void Remove() => folder.Delete(recursive: true);

    private string Write(string name, params string[] lines)
    {
        string path = Path.Combine(folder.FullName, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllLines(path, lines);
        return path;
    }

    private static readonly ManifestColumn[] Columns =
        [new("Path"), new("Caption"), new("Seconds", DataKind.Single), new("Take", DataKind.Int32), new("Loud", DataKind.Boolean)];

    private AudioManifestLoader Loader => ml.Data.CreateAudioManifestLoader(Columns);

    [TestMethod]
    public void Several_files_are_one_table_with_types()
    {
        string first = Write("a.csv", "Path,Caption,Seconds,Take,Loud,Unread", "x.wav,a dog,1.5,3,true,?", "y.wav,,,4,0,?");
        string second = Write("sub/b.jsonl", """{"path": "z.wav", "Seconds": 2, "Take": 5, "Loud": true}""");
        var data = Loader.Load(new MultiFileSource(first, second));
        Assert.AreEqual(3, data.GetRowCount());
        CollectionAssert.AreEqual(Columns.Select(column => column.Name).ToArray(), data.Schema.Select(column => column.Name).ToArray());
        CollectionAssert.AreEqual(new[] { Full("x.wav"), Full("y.wav"), Full("sub/z.wav") }, data.GetColumn<string>("Path").ToArray());
        CollectionAssert.AreEqual(new[] { "a dog", "", "" }, data.GetColumn<string>("Caption").ToArray());
        CollectionAssert.AreEqual(new[] { 1.5f, float.NaN, 2 }, data.GetColumn<float>("Seconds").ToArray());
        CollectionAssert.AreEqual(new[] { 3, 4, 5 }, data.GetColumn<int>("Take").ToArray());
        CollectionAssert.AreEqual(new[] { true, false, true }, data.GetColumn<bool>("Loud").ToArray());
        var text = ml.Data.LoadFromAudioManifest([first, second]);
        CollectionAssert.AreEqual(new[] { "?", "?", "" }, text.GetColumn<string>("Unread").ToArray());

        string Full(string name) => Path.Combine(folder.FullName, name);
    }

    [TestMethod]
    public void A_wrong_value_a_missing_column_and_a_wrong_kind_are_named_before_a_row_is_read()
    {
        string wrong = Write("wrong.csv", "Path,Caption,Seconds,Take,Loud", "x.wav,a,1,3,true", "y.wav,b,soon,4,true");
        string error = Assert.ThrowsExactly<InvalidDataException>(() => Loader.Load(new MultiFileSource(wrong))).Message;
        foreach (string part in (string[])["wrong.csv, row 2 (line 3)", "'Seconds'", "'soon'"]) StringAssert.Contains(error, part);
        string less = Write("less.csv", "Path,Caption", "x.wav,a");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Loader.Load(new MultiFileSource(less))).Message, "no column 'Seconds'");
        error = Assert.ThrowsExactly<ArgumentException>(
            () => ml.Data.CreateAudioManifestLoader(new("Caption"), new("caption"), new("When", DataKind.DateTime))).Message;
        foreach (string part in (string[])["no column Path", "stands 2 times", "DateTime"]) StringAssert.Contains(error, part);
        Assert.ThrowsExactly<ArgumentNullException>(() => Loader.Load(null!));
        Assert.ThrowsExactly<ArgumentNullException>(() => ml.Data.LoadFromAudioManifest((string)null!));
    }

    [TestMethod]
    public void A_comma_in_a_number_is_an_error_and_not_another_number()
    {
        string comma = Write("comma.csv", "Path,Caption,Seconds,Take,Loud", "x.wav,a,\"0,5\",3,true");
        string error = Assert.ThrowsExactly<InvalidDataException>(() => Loader.Load(new MultiFileSource(comma))).Message;
        foreach (string part in (string[])["comma.csv, row 1 (line 2)", "'0,5'", "a number is written with a point"]) StringAssert.Contains(error, part);
    }

    [TestMethod]
    public void Rows_are_shuffled_by_the_seed_and_keep_their_ids()
    {
        string path = Write("many.csv", ["Path", .. Enumerable.Range(0, 50).Select(i => $"{i}.wav")]);
        var data = ml.Data.LoadFromAudioManifest(path);
        string[] plain = [.. data.GetColumn<string>("Path")], once = Shuffled(7), again = Shuffled(7), other = Shuffled(8);
        CollectionAssert.AreEqual(once, again);
        CollectionAssert.AreNotEqual(once, other);
        CollectionAssert.AreNotEqual(plain, once);
        CollectionAssert.AreEquivalent(plain, once);

        string[] Shuffled(int seed) => [.. ml.Data.ShuffleRows(data, seed).GetColumn<string>("Path")];
    }

    [TestMethod]
    public void A_loader_is_saved_with_the_model_and_comes_back()
    {
        string path = Write("c.csv", "Path,Caption,Seconds,Take,Loud", "x.wav,a dog,1.5,3,true");
        var data = Loader.Load(new MultiFileSource(path));
        var model = ml.Transforms.CopyColumns("Length", "Seconds").Fit(data);
        string file = Path.Combine(folder.FullName, "model.zip");
        ml.Model.Save(model, Loader, file);
        var loaded = new MLContext().Model.LoadWithDataLoader(file, out var loader);
        CollectionAssert.AreEqual(new[] { 1.5f }, loaded.Transform(loader.Load(new MultiFileSource(path))).GetColumn<float>("Length").ToArray());
        Assert.AreEqual(Loader.GetOutputSchema().Count, loader.GetOutputSchema().Count);
        ml.Model.Load(file, out var schema);
        Assert.AreEqual(NumberDataViewType.Int32, schema["Take"].Type);
    }

    [TestMethod]
    public void A_model_is_saved_with_a_manifests_schema_without_a_warning_and_tells_nothing_of_where_the_data_lay()
    {
        var ml = new MLContext(seed: 1);
        var warnings = new List<string>();
        ml.Log += (_, message) => { if (message.Kind == Microsoft.ML.Runtime.ChannelMessageKind.Warning) warnings.Add(message.RawMessage); };
        var data = ml.Data.LoadFromAudioManifest(Write("told.csv", "Path,Caption", "x.wav,a dog"));
        string file = Path.Combine(folder.FullName, "told.zip");
        ml.Model.Save(ml.Transforms.CopyColumns("Text", "Caption").Fit(data), data.Schema, file);
        Assert.IsEmpty(warnings, string.Join('\n', warnings));
        using (var zip = System.IO.Compression.ZipFile.OpenRead(file))
        {
            foreach (var entry in zip.Entries)
            {
                using var reader = new StreamReader(entry.Open(), System.Text.Encoding.Latin1);
                string text = reader.ReadToEnd();
                foreach (string name in (string[])[folder.Name, "told.csv", "x.wav"]) Assert.DoesNotContain(name, text);
            }
        }
        StringAssert.Contains(ManifestPlaces.Find(data.Schema["Path"])![Path.Combine(folder.FullName, "x.wav")], "told.csv, row 1 (line 2)");
        ml.Model.Load(file, out var schema);
        Assert.IsNull(ManifestPlaces.Find(schema["Path"]), "what was loaded stands for no manifest");
    }

    [TestMethod]
    public void A_sample_tells_the_columns()
    {
        var loader = ml.Data.CreateAudioManifestLoader(Write("s.csv", "path,Caption", "x.wav,a"));
        CollectionAssert.AreEqual(new[] { "Path", "Caption" }, loader.GetOutputSchema().Select(column => column.Name).ToArray());
    }

    [TestMethod]
    public void A_cursor_that_ended_or_was_disposed_stands_nowhere()
    {
        var data = EightClips.Shared.Data;
        var sounds = ml.Transforms.LoadAudio().Append(ml.Transforms.WindowAudio()).Fit(data).Transform(data);
        foreach (var view in (IDataView[])[data, sounds])
        {
            using (var cursor = view.GetRowCursor([]))
            {
                while (cursor.MoveNext()) { }
                Assert.AreEqual(-1, cursor.Position);
            }
            var disposed = view.GetRowCursor([]);
            Assert.IsTrue(disposed.MoveNext());
            disposed.Dispose();
            Assert.IsFalse(disposed.MoveNext());
        }
    }

    [TestMethod]
    public void A_column_that_is_null_is_named()
    {
        Assert.AreEqual("columns", Assert.ThrowsExactly<ArgumentNullException>(() => ml.Data.CreateAudioManifestLoader(new("Path"), null!)).ParamName);
    }
}
