using Mint.ML.Bridges;
using Mint.ML.Checkpoints;
using Mint.ML.Files;
using Mint.ML.Tensors;
using static TorchSharp.torch;

namespace Mint.ML.Samples.Making.World;

/// <summary>What the bridge's text side learns of words from a sentence model: which names mean nearly the same, for labels that no scene had.</summary>
internal sealed class Meanings : IDisposable
{
    private const double TeacherTemperature = 0.07, Temperature = 0.1;
    private const int Shortest = 3, Drawn = 64;

    private readonly string[] words;               // texts to compare with the names
    private readonly Tensor ofWords;               // (W, 384)
    private readonly Tensor[] ofPhrases;           // of each concept, (phrases, 384)

    private Meanings(string[] words, Tensor ofWords, Tensor[] ofPhrases) => (this.words, this.ofWords, this.ofPhrases) = (words, ofWords, ofPhrases);

    /// <summary>Writes a vocabulary of the sentence model's commonest words and of all that the texts need.</summary>
    /// <param name="model">Whose pieces these are.</param>
    /// <param name="texts">What must be readable.</param>
    /// <param name="size">Most pieces.</param>
    /// <param name="path">vocab.txt.</param>
    public static void WriteVocabulary(SentenceModel model, string full, IEnumerable<string> texts, int size, string path)
    {
        string[] pieces = File.ReadAllLines(full);
        var needed = new HashSet<int>();
        foreach (string text in texts) needed.UnionWith(model.Tokenizer.Encode(text, addSpecialTokens: false));
        bool Single(string piece) => piece.Replace("##", "") is [>= '!' and <= '~'];
        for (int i = 0; i < pieces.Length; i++) if (pieces[i] is "[PAD]" or "[UNK]" or "[CLS]" or "[SEP]" or "[MASK]" || Single(pieces[i])) needed.Add(i);
        // BERT's pieces stand in the order of their frequency.
        for (int i = 0; i < pieces.Length && needed.Count < size; i++)
            if (pieces[i].Replace("##", "").All(char.IsAsciiLetterLower) && pieces[i].Length >= Shortest) needed.Add(i);
        AtomicFile.WriteText(path, string.Concat(needed.Order().Select(i => pieces[i] + '\n')));
    }

    /// <summary>The bridge's words begin where the sentence model has them: along the directions in which its embeddings vary most.</summary>
    public static void Begin(BridgeNet bridge, SentenceModel model, string full, string vocabulary)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var places = File.ReadAllLines(full).Select((piece, i) => (piece, i)).ToDictionary(pair => pair.piece, pair => (long)pair.i);
        var rows = model.Words.index_select(0, tensor(File.ReadAllLines(vocabulary).Select(piece => places[piece]).ToArray())); // (V, 384)
        var centred = rows - rows.mean([0], keepdim: true);
        var (_, directions) = linalg.eigh(centred.t().matmul(centred));                                                     // rising
        var weight = bridge.state_dict()["Qformer.embeddings.word_embeddings.weight"];
        var some = centred.matmul(directions.narrow(1, directions.shape[1] - weight.shape[1], weight.shape[1]));            // (V, D)
        weight.narrow(0, 0, some.shape[0]).copy_(some / some.std().Over(bridge.Config.QFormer.InitializerRange));
    }

    /// <summary>Reads the texts with the sentence model, or what it gave before.</summary>
    public static Meanings Read(SentenceModel model, IReadOnlyList<Concept> concepts, string vocabulary, string cache,
        CancellationToken cancel)
    {
        string[] words = [.. concepts.SelectMany(concept => concept.Phrases),
            .. File.ReadLines(vocabulary).Where(piece => piece.Length >= Shortest && piece.All(char.IsAsciiLetterLower))];
        words = [.. words.Distinct()];
        string[] phrases = [.. concepts.SelectMany(concept => concept.Phrases)];
        Tensor all;
        if (File.Exists(cache) && Safetensors.ReadAll(cache)["meanings"] is var kept && kept.shape[0] == words.Length + phrases.Length)
        {
            all = kept;
        }
        else
        {
            all = model.Embed([.. words, .. phrases], cancel);
            Safetensors.Write(cache, new Dictionary<string, Tensor> { ["meanings"] = all });
        }
        var split = new Tensor[concepts.Count];
        long at = words.Length;
        for (int i = 0; i < split.Length; i++)
        {
            split[i] = all.narrow(0, at, concepts[i].Phrases.Count);
            at += concepts[i].Phrases.Count;
        }
        return new(words, all.narrow(0, 0, words.Length), split);
    }

    /// <summary>Texts of a step: (texts, the sentence model's probabilities that each means the named concepts), (N, K).</summary>
    /// <param name="kinds">The concepts, and which phrase of each is meant.</param>
    /// <param name="random">Draws the texts.</param>
    public (string[] Texts, Tensor Shares) Draw(IReadOnlyList<(int Concept, int Phrase)> kinds, Random random)
    {
        long[] drawn = [.. Enumerable.Range(0, Drawn).Select(_ => random.NextInt64(words.Length))];
        using var scope = NewDisposeScope();
        var named = stack([.. kinds.Select(kind => ofPhrases[kind.Concept][kind.Phrase])], 0);                    // (K, 384)
        var cosines = ofWords.index_select(0, tensor(drawn)).matmul(named.t());                    // (N, K)
        return ([.. drawn.Select(i => words[i])], cosines.Over(TeacherTemperature).softmax(1).MoveToOuterDisposeScope());
    }

    /// <summary>How far the bridge's texts are from meaning the same.</summary>
    /// <param name="texts">Unit vectors (N, E) of the texts drawn.</param>
    /// <param name="named">Of the concepts, (K, E).</param>
    /// <param name="shares">What the sentence model says.</param>
    public static Tensor Loss(Tensor texts, Tensor named, Tensor shares) =>
        (shares * nn.functional.log_softmax(texts.matmul(named.t()).Over(Temperature), 1)).sum(1).mean().neg();

    public void Dispose()
    {
        ofWords.Dispose();
        foreach (var of in ofPhrases) of.Dispose();
    }
}
