using Mint.ML.Generation;
using Mint.ML.LanguageModels;
using Mint.ML.Systems;
using Mint.ML.Tests.Models;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Generation;

/// <summary>Models whose answers end at any of several tokens, as eos_token_id of config.json or generation_config.json lists them.</summary>
[TestClass]
public sealed class EndTokensTests
{
    private const string Nothing = "-1"; // no token's number

    private static ILanguageModel Load(string fixture, string ends)
    {
        using var folder = new ChangedFolder(fixture, ("eos_token_id", ends));
        File.Delete(Path.Combine(folder.Path, "generation_config.json"));
        return ModelCatalog.LoadLanguageModel(folder.Path);
    }

    [TestMethod]
    [DataRow("flan_t5", false)]
    [DataRow("gpt2", false)]
    [DataRow("llama", false)]
    [DataRow("flan_t5", true)]
    [DataRow("llama", true)]
    public void An_answer_is_what_comes_before_the_first_of_them(string fixture, bool sampled)
    {
        using var scope = NewDisposeScope();
        var options = new GenerationOptions { MaxTokens = 12, NoRepeatNGram = 1 }; // twelve tokens that differ
        if (sampled) options = options with { Sample = true, Temperature = 1.5, Seed = 3 };
        using var endless = Load(fixture, Nothing);
        var (prompt, mask) = TinyModels.Prompts(endless, 12, 5);
        int[][] whole = [.. TextGenerator.Generate(endless, prompt, mask, options).Select(answers => answers[0].Ids)];
        Assert.IsTrue(whole.All(ids => ids.Length == 12));
        // Three of the tokens that they hold: the first of one answer, one further on in another, one at an answer's end.
        int[] ends = [whole[0][0], whole[1][6], whole[2][11]];
        using var model = Load(fixture, $"[{string.Join(", ", ends)}]");
        CollectionAssert.AreEqual(ends.Distinct().ToArray(), model.EndTokenIds.ToArray());
        Assert.AreEqual(ends[0], model.EosTokenId);
        var answers = TextGenerator.Generate(model, prompt, mask, options);
        for (int row = 0; row < whole.Length; row++)
        {
            int length = Array.FindIndex(whole[row], ends.Contains);
            CollectionAssert.AreEqual(length < 0 ? whole[row] : whole[row][..length], answers[row][0].Ids);
            Assert.AreEqual(length >= 0, answers[row][0].Complete);
        }
        Assert.IsTrue(answers.Any(answer => answer[0].Complete && answer[0].Ids.Length > 0));
    }

    [TestMethod]
    [DataRow("flan_t5", 0, EarlyStopping.Immediately)]
    [DataRow("gpt2", 2, EarlyStopping.Immediately)]
    [DataRow("llama", 0, EarlyStopping.WhenUnlikely)]
    [DataRow("llama", 3, EarlyStopping.WhenUnlikely)]
    [DataRow("gpt2", 0, EarlyStopping.WhenUnlikely)]
    public void Beams_are_those_of_a_search_over_whole_sequences(string fixture, int least, EarlyStopping stopping)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var endless = Load(fixture, Nothing);
        var (prompts, masks) = TinyModels.Prompts(endless, 12, 7);
        var options = new GenerationOptions
        {
            Beams = 2,
            Returned = 2,
            MaxTokens = 6,
            MinTokens = least,
            EarlyStopping = stopping,
            LengthPenaltyCounts = LengthPenaltyCounts.Answer,
        };
        int complete = 0;
        for (int row = 0; row < 12; row++)
        {
            var (prompt, mask) = (prompts.narrow(0, row, 1), masks.narrow(0, row, 1));
            var first = endless.Begin(prompt, mask, out var state);
            state.Dispose();
            // The second to fifth likeliest first tokens: of the 2 x 2 likeliest continuations only one is not an end.
            int[] ends = [.. first[0].topk(5).indexes.data<long>().ToArray()[1..].Select(token => (int)token)];
            using var model = Load(fixture, $"[{string.Join(", ", ends)}]");
            var answers = TextGenerator.Generate(model, prompt, mask, options)[0];
            var expected = Search(endless, prompt, mask, ends, options);
            for (int n = 0; n < 2; n++)
            {
                CollectionAssert.AreEqual(expected[n].Ids, answers[n].Ids, $"prompt {row}, answer {n}");
                Assert.AreEqual(expected[n].Score, answers[n].Score, 1e-4);
                Assert.IsTrue(answers[n].Ids.Length >= least && !answers[n].Ids.Any(ends.Contains));
                if (answers[n].Complete) complete++;
            }
        }
        Assert.IsGreaterThan(0, complete);
    }

    /// <summary>Beam search as transformers describes it, each step over the whole sequences: the best that do not end go on, an end counts where it is
    /// among the first K.</summary>
    private static List<(int[] Ids, double Score)> Search(ILanguageModel model, Tensor prompt, Tensor mask, int[] ends, GenerationOptions options)
    {
        List<(int[] Ids, double Sum)> open = [([], 0)];
        List<(int[] Ids, double Score)> ended = [];
        for (int length = 1; length <= options.MaxTokens; length++)
        {
            var all = open.SelectMany(beam => Next(beam.Ids).Select((logProbability, token) => (beam.Ids, Token: token, Sum: beam.Sum + logProbability)))
                .Where(next => length > options.MinTokens || !ends.Contains(next.Token)).OrderByDescending(next => next.Sum).ToList();
            open = [.. all.Where(next => !ends.Contains(next.Token)).Take(options.Beams).Select(next => ((int[])[.. next.Ids, next.Token], next.Sum))];
            ended.AddRange(all.Take(options.Beams).Where(next => ends.Contains(next.Token)).Select(next => (next.Ids, next.Sum / length)));
            ended = [.. ended.OrderByDescending(one => one.Score).Take(options.Beams)];
            bool full = ended.Count == options.Beams;
            if (full && (options.EarlyStopping == EarlyStopping.Immediately || ended[^1].Score >= all[0].Sum / length)) return ended;
        }
        return [.. ended.Concat(open.Select(beam => (beam.Ids, beam.Sum / options.MaxTokens))).OrderByDescending(one => one.Item2).Take(options.Beams)];

        double[] Next(int[] ids)
        {
            using var inner = NewDisposeScope();
            var targets = tensor(ids.Append(0).Select(id => (long)id).ToArray()).unsqueeze(0); // the last target is what is predicted
            return [.. model.Logits(prompt, mask, targets)[0, -1].to(ScalarType.Float64).log_softmax(-1).data<double>()];
        }
    }

    [TestMethod]
    [DataRow("flan_t5")]
    [DataRow("gpt2")]
    [DataRow("llama")]
    public void None_of_them_ends_an_answer_that_is_too_short(string fixture)
    {
        using var scope = NewDisposeScope();
        using var endless = Load(fixture, Nothing);
        var (prompt, mask) = TinyModels.Prompts(endless, 8, 5);
        int[] ends = [.. TextGenerator.Generate(endless, prompt, mask, new() { MaxTokens = 1 }).Select(answers => answers[0].Ids[0])];
        using var model = Load(fixture, $"[{string.Join(", ", ends)}]");
        Assert.IsGreaterThan(1, model.EndTokenIds.Count);
        Assert.IsTrue(TextGenerator.Generate(model, prompt, mask, new() { MaxTokens = 6 }).All(answers => answers[0].Ids.Length == 0));
        var answers = TextGenerator.Generate(model, prompt, mask, new() { MaxTokens = 6, MinTokens = 4 });
        Assert.IsTrue(answers.All(answer => answer[0].Ids.Length >= 4 && !answer[0].Ids.Any(ends.Contains)));
        // A folder that names no end has none to forbid.
        Assert.IsTrue(TextGenerator.Generate(endless, prompt, mask, new() { MaxTokens = 6, MinTokens = 4 }).All(answer => answer[0].Ids.Length == 6));
    }

    [TestMethod]
    [DataRow("2", null, "2")]
    [DataRow("[2, 7, 2]", null, "2 7")]
    [DataRow("2", """{"eos_token_id": [5, 2, 7]}""", "2 5 7")]
    [DataRow("2", """{"eos_token_id": [5, 7]}""", "5 7")]
    [DataRow("[2, 3]", """{"eos_token_id": 4}""", "4")]
    [DataRow("3", """{"eos_token_id": null, "temperature": 0.6}""", "3")]
    [DataRow(null, """{"eos_token_id": [5, 7]}""", "5 7")]
    public void A_generation_config_goes_before_the_config(string? config, string? generation, string expected)
    {
        foreach (string fixture in (string[])["flan_t5", "gpt2_prefixed", "llama"])
        {
            using var folder = new ChangedFolder(fixture, ("eos_token_id", config));
            File.Delete(Path.Combine(folder.Path, "generation_config.json"));
            if (generation is not null) folder.With("generation_config.json", generation);
            using var model = ModelCatalog.LoadLanguageModel(folder.Path);
            Assert.AreEqual(expected, string.Join(' ', model.EndTokenIds));
            Assert.AreEqual(model.EndTokenIds[0], model.EosTokenId);
        }
    }

    [TestMethod]
    [DataRow("""{"eos_token_id": []}""")]
    [DataRow("""{"eos_token_id": "</s>"}""")]
    [DataRow("""{"eos_token_id": [1, 1.5]}""")]
    [DataRow("""{"eos_token_id": 99999999999}""")]
    public void A_wrong_end_is_refused_by_file_and_key(string json)
    {
        using var folder = new ChangedFolder("llama").With("generation_config.json", json);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Llama.Load(folder.Path)).Message,
            $"{Path.Combine(folder.Path, "generation_config.json")}: 'eos_token_id'");
    }
}
