using System.CommandLine;
using System.Text.Json.Nodes;
using Mint.ML.Audio;
using Mint.ML.Retrieval;
using Mint.ML.Samples.Cli.Commands;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Samples;

[TestClass]
public sealed class SearchCommandTests
{
    private readonly string folder = Directory.CreateTempSubdirectory("mint-search-").FullName;

    // Beside the frozen models, where they are looked for.
    private string Model => Path.Combine(EightClips.Shared.Folder, Path.GetFileName(folder) + ".zip");

    private string At(string name) => Path.Combine(folder, name);

    [TestInitialize]
    public void Prepare()
    {
        EightClips.Shared.Ml.Model.Save(EightClips.Shared.Model, EightClips.Shared.Data.Schema, Model);
        Directory.CreateDirectory(At("clips"));
        foreach (string clip in Directory.GetFiles(EightClips.Shared.Folder, "clip*.wav")) File.Copy(clip, Path.Combine(At("clips"), Path.GetFileName(clip)));
    }

    [TestCleanup]
    public void Delete()
    {
        Directory.Delete(folder, recursive: true);
        File.Delete(Model);
    }

    private static string Run(params string[] arguments)
    {
        var (console, error) = (Console.Out, Console.Error);
        using StringWriter output = new(), report = new();
        Console.SetOut(output);
        Console.SetError(report);
        try
        {
            Assert.AreEqual(0, SearchCommand.Create().Parse(arguments).Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false }));
            return output.ToString();
        }
        finally
        {
            Console.SetOut(console);
            Console.SetError(error);
        }
    }

    private static JsonObject[] Lines(string output) =>
        [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!.AsObject())];

    private void Build(params string[] more) => Run(["build", At("sounds.index"), At("clips"), "--model", Model, "--storage", "single", .. more]);

    [TestMethod]
    public void A_text_finds_the_clips_in_the_order_of_their_similarity_and_reranking_in_that_of_the_matching_head()
    {
        Build("--batch-size", "3");
        const string text = "a flute plays note 1";
        using var model = Mint.ML.Samples.Cli.ModelFile.Load(Model);
        var rows = EightClips.Shared.Ml.Data.CreateEnumerable<EightClips.Answer>(EightClips.Shared.Model.Transform(EightClips.Shared.Data),
            reuseRowObject: false).ToArray();
        float[,] words = model.Model.Embeddings!.Texts([text])[0];
        var expected =
            rows.Select((row, i) => (Path: $"clips/clip{i}.wav", Similarity: row.AudioEmbedding.Chunk(8)
            .Max(vector => vector.Select((x, e) => x * words[0, e]).Sum())))
            .OrderByDescending(one => one.Similarity).ToArray();

        var found = Lines(Run("query", At("sounds.index"), text, "--top", "5", "--format", "jsonl"));
        CollectionAssert.AreEqual(expected.Take(5).Select(one => one.Path).ToArray(), found.Select(line => line["path"]!.GetValue<string>()).ToArray());
        for (int i = 0; i < 5; i++) Assert.AreEqual(expected[i].Similarity, found[i]["similarity"]!.GetValue<float>(), 1e-5f);

        var reranked = Lines(Run("query", At("sounds.index"), text, "--top", "6", "--rerank", "4", "--format", "jsonl"));
        double[] matches = [.. reranked.Take(4).Select(line => line["match"]!.GetValue<double>())];
        CollectionAssert.AreEqual(matches.OrderDescending().ToArray(), matches);
        CollectionAssert.AreEquivalent(expected.Take(4).Select(one => one.Path).ToArray(), reranked.Take(4).Select(line => line["path"]!.GetValue<string>())
            .ToArray());
        CollectionAssert.AreEqual(expected[4..6].Select(one => one.Path).ToArray(), reranked[4..].Select(line => line["path"]!.GetValue<string>()).ToArray());
        Assert.IsNull(reranked[4]["match"]);
    }

    [TestMethod]
    public void A_query_that_is_empty_or_a_mistyped_file_is_an_error_before_a_model_is_loaded()
    {
        // Neither index nor model is there: an error about one would show that it was looked for first.
        Says("no sound file 'bse.wav'", "bse.wav");
        Says("no sound file 'none/Piano.FLAC'", "none/Piano.FLAC");
        Says("The query is empty", "");
        Says("The query is empty", "  ");
        Says("is a folder", At("clips"));
        string clip = Path.Combine(At("clips"), "clip6.wav");
        Says("--top is 0; at least one is shown. --rerank is -1", clip, "--top", "0", "--rerank", "-1");
        Says("a query that is a sound has none", clip, "--rerank", "3");

        void Says(string part, params string[] query) =>
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Run(["query", At("none.index"), .. query])).Message, part);
    }

    [TestMethod]
    public void A_search_by_an_empty_text_is_refused_by_the_library_too()
    {
        Build();
        using var model = Mint.ML.Samples.Cli.ModelFile.Load(Model);
        var search = new SoundSearch(At("sounds.index"), model.Model, IndexSettings.Read(At("sounds.index")));
        Assert.ThrowsExactly<ArgumentException>(() => search.ByText(" ", 1));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => search.ByText("rain", 0));
        List<string> noted = [];
        search.BySound(Path.Combine(TinyModels.Repository(), "tests", "fixtures", "faults", "28-out-of-phase", "33silence.wav"), 1, default, noted.Add);
        StringAssert.Contains(noted.Single(), "33silence.wav: It is silent");
    }

    [TestMethod]
    public void A_model_file_that_is_not_there_is_told_by_its_name_and_not_by_the_index()
    {
        Build();
        CommandChecks.Says(() => Run("query", At("sounds.index"), "rain", "--model", "nope.zip"), "There is no model file 'nope.zip'. Leave it out");
        File.Delete(Model);
        CommandChecks.Says(() => Run("query", At("sounds.index"), "rain"), "The index was made with the model");
    }

    [TestMethod]
    public void A_sound_finds_itself_first()
    {
        Build();
        Assert.StartsWith("rank,path,similarity,match\n1,clips/clip6.wav,1.0000,\n",
            Run("query", At("sounds.index"), Path.Combine(At("clips"), "clip6.wav"), "--format", "csv").ReplaceLineEndings("\n"));
    }

    [TestMethod]
    public void Adding_takes_what_is_new_and_windows_of_a_long_clip_are_items_with_their_times()
    {
        Build("--window-seconds", "0.1", "--overlap-seconds", "0");
        using (var index = EmbeddingIndex.Open(At("sounds.index"))) CollectionAssert.Contains(index.Ids.ToArray(), "clips/clip7.wav#t=0,0.1");
        byte[] before = File.ReadAllBytes(At("sounds.index"));
        Run("add", At("sounds.index"), At("clips"));
        CollectionAssert.AreEqual(before, File.ReadAllBytes(At("sounds.index")));

        AudioFile.WriteWav(Path.Combine(At("clips"), "new.wav"), new AudioClip([.. Enumerable.Range(0, 1600).Select(t => MathF.Sin(t * 0.2f))], 16_000));
        Run("add", At("sounds.index"), At("clips"));
        using (var index = EmbeddingIndex.Open(At("sounds.index"))) Assert.AreEqual("clips/new.wav", index.Ids[^1]);
        StringAssert.Contains(Run("query", At("sounds.index"), "a flute", "--rerank", "3"), "match");
    }

    [TestMethod]
    public void Another_model_or_other_windows_are_refused()
    {
        Build();
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Build("--window-seconds", "3", "--overlap-seconds", "1")).Message,
            "--window-seconds 30 --overlap-seconds 5");
        byte[] index = File.ReadAllBytes(At("sounds.index"));
        string settings = IndexSettings.FileOf(At("sounds.index")), own = File.ReadAllText(settings);
        File.WriteAllText(settings, own.Replace("0.2.0.0", "0.0.9.0"));
        foreach (var attempt in (Action[])[() => Build(), () => Run("add", At("sounds.index"), At("clips"))])
            Assert.Contains("version 0.0.9.0", Assert.ThrowsExactly<InvalidOperationException>(attempt).Message);
        CollectionAssert.AreEqual(index, File.ReadAllBytes(At("sounds.index")));
        File.WriteAllText(settings, own);
        File.AppendAllText(Model, " ");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Run("query", At("sounds.index"), "rain")).Message, "another model");
    }
}
