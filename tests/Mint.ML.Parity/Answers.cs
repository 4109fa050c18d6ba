using System.Text.Json.Nodes;
using Mint.ML.Generation;
using Mint.ML.LanguageModels;
using static TorchSharp.torch;

namespace Mint.ML.Parity;

/// <summary>Generated token ids and scores, for every setting that a fixture lists.</summary>
internal static class Answers
{
    private static readonly string[] known =
    [
        "num_beams", "num_return_sequences", "length_penalty", "early_stopping", "repetition_penalty", "no_repeat_ngram_size", "min_length", "max_new_tokens",
            "max_length",
        "do_sample", "pad_token_id",
    ];

    /// <param name="fixture">Its meta.json holds the settings as transformers' generate takes them.</param>
    /// <param name="group">Beginning of the reference tensors' names: "gen_ids" or "gen_embeds".</param>
    /// <param name="model">Tells where answers end.</param>
    /// <param name="before">Tokens of a reference sequence before the answer.</param>
    /// <param name="answer">Generates.</param>
    public static void Check(Fixture fixture, string group, ILanguageModel model, int before, Func<GenerationOptions,
        IReadOnlyList<IReadOnlyList<GeneratedSequence>>> answer)
    {
        if (fixture.Meta["generate_kwargs"] is not JsonObject settings) return;
        foreach (var (setting, kwargs) in settings)
        {
            string name = $"{group}.{setting}.sequences", scores = $"{name}_scores";
            if (!fixture.Has(name)) continue;
            GeneratedSequence[] found = [.. answer(Options(kwargs!.AsObject())).SelectMany(list => list)];
            string expected = string.Join(" | ", Enumerable.Range(0, (int)fixture[name].shape[0]).Select(row =>
            {
                long[] all = [.. fixture[name][row].cpu().data<long>().ToArray().Skip(before)];
                return Show(all.TakeWhile(id => id != model.EosTokenId), all.Contains(model.EosTokenId));
            }));
            string actual = string.Join(" | ", found.Select(one => Show(one.Ids.Select(id => (long)id), one.Complete)));
            fixture.Same(name, expected == actual, () => $"{actual}, the reference has {expected}");
            if (fixture.Has(scores)) fixture.Close(scores, tensor(found.Select(one => (float)one.Score).ToArray()));
        }
    }

    private static string Show(IEnumerable<long> ids, bool complete) => string.Join(' ', ids) + (complete ? " end" : "");

    /// <summary>Answers to prompts of tokens.</summary>
    public static void ToTokens(Fixture fixture, ILanguageModel model, Tensor ids, Tensor mask) =>
        Check(fixture, "gen_ids", model, model.IsEncoderDecoder ? 1 : (int)ids.shape[1], options => TextGenerator.GenerateFromIds(model, ids, mask, options));

    /// <summary>Answers to prompts of embeddings; the reference begins with the token that stands for them.</summary>
    public static void ToEmbeddings(Fixture fixture, ILanguageModel model, Tensor prompt, Tensor mask) =>
        Check(fixture, "gen_embeds", model, 1, options => TextGenerator.Generate(model, prompt, mask, options));

    /// <summary>Losses and order of candidates.</summary>
    public static void Ranks(Fixture fixture, ILanguageModel model, Tensor prompt, Tensor mask)
    {
        Tensor ids = fixture["candidate_ids"].cpu(), real = fixture.Mask("candidate_attention_mask").cpu();
        var trie =
            new CandidateTrie([.. Enumerable.Range(0, (int)ids.shape[0]).Select(c => ids[c][real[c]].data<long>().ToArray().Select(id => (int)id).ToArray())]);
        var ranking = VocabularyRanking.Rank(model, prompt, mask, trie);
        fixture.Close("rank.losses", tensor(ranking.Scores).neg());
        fixture.Same("rank.order", stack(Enumerable.Range(0, (int)prompt.shape[0]).Select(row => tensor(ranking.Order(row).Select(c => (long)c).ToArray()))));
    }

    private static GenerationOptions Options(JsonObject kwargs)
    {
        if (kwargs.FirstOrDefault(pair => !known.Contains(pair.Key)).Key is { } other)
            throw new InvalidDataException($"generate_kwargs has '{other}', of which nothing is known here.");
        return new()
        {
            Beams = (int)Number("num_beams", 1),
            Returned = (int)Number("num_return_sequences", 1),
            LengthPenalty = Number("length_penalty", 1),
            EarlyStopping = kwargs["early_stopping"]?.GetValue<bool>() == true ? EarlyStopping.Immediately : EarlyStopping.WhenUnlikely,
            RepetitionPenalty = Number("repetition_penalty", 1),
            NoRepeatNGram = (int)Number("no_repeat_ngram_size", 0),
            MinTokens = Math.Max(0, (int)Number("min_length", 1) - 1), // the original counts the start token
            MaxTokens = (int)Number("max_new_tokens", Number("max_length", 30)), // LAVIS hands its max_length on as max_new_tokens
            PaddingCounts = true,
        };

        double Number(string key, double otherwise) => kwargs[key]?.GetValue<double>() ?? otherwise;
    }
}
