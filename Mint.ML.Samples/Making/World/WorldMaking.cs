using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Bridges;
using Mint.ML.Encoders;
using Mint.ML.Files;
using Mint.ML.LanguageModels;
using Mint.ML.Samples.Making.Distillation;
using Mint.ML.Samples.Making.Pretraining;
using Mint.ML.Samples.Making.Sounds;
using Mint.ML.Systems;
using Mint.ML.Tensors;
using Mint.ML.Text;
using Mint.ML.Training;
using Mint.ML.Training.Data;
using Mint.ML.Transforms;
using TorchSharp;
using static TorchSharp.torch;

namespace Mint.ML.Samples.Making.World;

/// <summary>Makes the model of everyday sound: language model, what is heard, stage 1, one file.</summary>
/// <param name="options">How it is trained.</param>
/// <param name="log">Told of every part.</param>
/// <param name="progress">Told of every step.</param>
/// <param name="cancel">Stops it; the same command goes on.</param>
internal sealed class WorldMaking(WorldOptions options, TextWriter log, IProgress<TrainingProgress> progress, CancellationToken cancel)
{
    private const double WordSteps = 2048; // of 1

    private static readonly string[] Tokenizer = ["spiece.model", "special_tokens_map.json", "tokenizer_config.json"];

    /// <summary>Trains the language model where its folder holds none.</summary>
    /// <param name="start">Folder of the one that it goes on from.</param>
    /// <param name="folder">Its folder.</param>
    /// <param name="steps">Batches.</param>
    public void LanguageModel(string start, string folder, int steps)
    {
        if (File.Exists(Path.Combine(folder, "model.safetensors"))) return;
        // It goes on from the one that knows notes and English: what it has to learn are the questions about scenes.
        var random = new Random(options.Seed);
        Directory.CreateDirectory(folder);
        foreach (string name in Tokenizer) AtomicFile.Copy(Path.Combine(start, name), Path.Combine(folder, name));
        var tokenizer = TextTokenizer.Load(start);
        using var model = T5.Load(start);
        var how = new LanguageModelPretrainingOptions { Steps = steps, Seed = options.Seed, MaxInputTokens = 40, LearningRate = 2e-3 };
        LanguageModelPretraining.Run(model, tokenizer, WorldLessons.Draw, how, progress, cancel);
        cancel.ThrowIfCancellationRequested();
        LanguageModelFolder.WriteModel(model, folder);
        var quality = LanguageModelPretraining.Measure(model, tokenizer, [.. Enumerable.Range(0, 512).Select(_ => WorldLessons.Draw(random))], how,
            cancel);
        log.WriteLine(FormattableString.Invariant(
            $"language model: perplexity {quality.Perplexity:F2}, tokens right {quality.TokenAccuracy:F3}, whole answers {quality.ExactMatch:F3}"));
    }

    /// <summary>Hears, trains stage 1, and writes the model's file.</summary>
    public void Run(WorldPlace place, string output)
    {
        var (teacher, sounds, pool, notes, encoder, sentenceLibrary, languageModel, work) = place;
        string[] labels = File.ReadAllLines(Path.Combine(teacher, "labels.txt"));
        var concepts = EverydayWords.Concepts(labels);
        string identity = FrameStore.EncoderIdentity(encoder)[..16];
        SceneDraw train, test;
        using (var asked = YamNet.Load(teacher))
        using (var ear = YamNet.Load(encoder))
        using (var bank = SoundBank.Open(sounds, log, cancel))
        using (var patches = new PatchPool(pool, bank, asked, 1, options.ShardSize))
        {
            HeardWorld Hear(string split) => HeardWorld.Hear(work, split, ear, identity, asked, patches, bank, Path.Combine(notes, $"manifest-{split}.csv"),
                options, log, cancel);
            (train, test) = (new SceneDraw(Hear("train"), labels, concepts, options.Notes), new SceneDraw(Hear("test"), labels, concepts, options.Notes));
        }
        log.WriteLine($"{concepts.Count} kinds of sound, {train.Kinds} of which were heard in training");

        string vocabulary = Path.Combine(work, "bridge");
        Directory.CreateDirectory(vocabulary);
        string own = Path.Combine(vocabulary, "vocab.txt"), minilm = Path.Combine(work, "minilm"), full = Path.Combine(minilm, "vocab.txt");
        using var sentences = SentenceModel.Load(sentenceLibrary, minilm);
        string[] texts = [.. Texts(concepts).Distinct()];
        // Weights that were made know the words that they were made with.
        if (options.Start is { } model && WorldStart.IsModel(model) && !File.Exists(own)) WorldStart.Unpack(model, vocabulary);
        if (!File.Exists(own)) Meanings.WriteVocabulary(sentences, full, texts, options.VocabularySize, own);
        var words = TextTokenizer.Load(vocabulary);
        using var meanings = Meanings.Read(sentences, concepts, own, Path.Combine(work, "meanings.safetensors"), cancel);
        long width = YamNetWidth(encoder);
        using var bridge = new BridgeNet(WorldOptions.Bridge(words.VocabularySize + 1, width));
        bridge.Initialize(options.Seed);
        if (options.Start is { } start && WorldStart.IsModel(start)) WorldStart.Begin(bridge, vocabulary);
        else if (options.Start is { } run) WorldStart.GoOn(bridge, run);
        else Meanings.Begin(bridge, sentences, full, own);
        var alignment = new WorldAlignment(bridge, words, train, test, concepts, meanings, options, identity);
        var stage1 = TrainingLoop.Run(alignment, alignment, options.Loop, progress, cancel);
        if (cancel.IsCancellationRequested) return;

        using var copy = bridge.Copy();
        // No stage 2: on scenes it does not learn to listen within hours (docs/everyday.md), and names are what stage 1 is sure of.
        var whole = MintModel.Begin(copy, ModelCatalog.LoadLanguageModel(languageModel), new MintTokenizers(words, TextTokenizer.Load(languageModel)),
            options.Seed, EverydayWords.Told);
        Lighten(copy, words, [.. concepts.SelectMany(concept => concept.Phrases)]);
        foreach (var net in new[] { bridge, copy }) Round(net);
        Write(bridge, whole, vocabulary, languageModel, encoder, output);
        WorldCard.Write(output, Path.Combine(sounds, SoundCollection.Manifest), notes, options, concepts.Count, stage1);
    }

    private static Tensor Table(BridgeNet bridge) => bridge.state_dict()["Qformer.embeddings.word_embeddings.weight"]; // (V, D)

    // The copy beside the language model reads names, and what is asked for: what it has of other words, and of heads that compare no embeddings, nobody
    // asks for. Zeros take no room in a zip.
    private static void Lighten(BridgeNet bridge, ITextTokenizer words, IReadOnlyList<string> names)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (name, weight) in bridge.state_dict())
            if (name.Split('.')[0] is "itm_head" || name.StartsWith("Qformer.cls.", StringComparison.Ordinal)) weight.zero_();
        var table = Table(bridge);
        var read = zeros([table.shape[0], 1]);
        var ids = names.SelectMany(name => words.Encode(name)).Distinct().Select(id => (long)id).ToArray();
        read.index_copy_(0, tensor(ids), ones([ids.Length, 1]));
        table.copy_(table * read);
    }

    // Words vary by 0.06: in steps of a 120th of that they mean the same, and take a quarter less room in a zip.
    private static void Round(BridgeNet bridge)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var table = Table(bridge);
        table.copy_(table.Times(WordSteps).round().Over(WordSteps));
    }

    // The pipeline from paths to answers, in float16: as the paper's, with the ranking by similarity.
    private void Write(BridgeNet bridge, MintModel model, string vocabulary, string languageModel, string encoder, string output)
    {
        Directory.CreateDirectory(output);
        var ml = new MLContext();
        var data = ml.Data.LoadFromEnumerable<PathRow>([]);
        var heard = ml.Transforms.LoadAudio("Audio", "Path").Append(ml.Transforms.FeaturizeAudio("Features", "Audio", encoder: encoder)).Fit(data);
        using var stage1 = ml.AudioLanguage().UseBridge(bridge, vocabulary);
        using var stage2 = ml.AudioLanguage().UseTunedModel(model, vocabulary, languageModel);
        var features = stage2.Transform(stage1.Transform(heard.Transform(data)));
        var caption = ml.AudioLanguage().GenerateCaptions("GeneratedCaption", "Features").Fit(features);
        // By similarity, which stage 1 is trained for with every label's names; the language model's likelihood says less (the card has both).
        var labels = ml.AudioLanguage().RankLabels(new RankedClassifier.Options
        {
            Labels = EverydayWords.Labels,
            Instruction = "",
            BySimilarity = true,
        }).Fit(features);
        string path = Path.Combine(output, "mint.zip");
        bridge.to(ScalarType.Float16);
        model.Bridge.to(ScalarType.Float16);
        AtomicFile.Write(path, stream =>
            ml.Model.Save(new TransformerChain<ITransformer>([.. heard, stage1, stage2, caption, labels]), data.Schema, stream));
        log.WriteLine($"written: {path} ({new FileInfo(path).Length / 1e6:F1} MB)");
    }

    private sealed class PathRow
    {
        public string Path { get; set; } = "";
    }

    private static long YamNetWidth(string encoder)
    {
        using var net = YamNet.Load(encoder);
        return net.Config.HiddenSize;
    }

    private IEnumerable<string> Texts(IReadOnlyList<Concept> concepts)
    {
        var random = new Random(options.Seed);
        foreach (string phrase in concepts.SelectMany(concept => concept.Phrases)) yield return phrase;
        for (int i = 0; i < options.Texts / 2; i++)
        {
            var pair = WorldLessons.Draw(random);
            yield return pair.Input;
            yield return pair.Target;
        }
    }
}
