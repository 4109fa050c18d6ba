using Mint.ML.Bridges;
using Mint.ML.Encoders;
using Mint.ML.Files;
using Mint.ML.LanguageModels;
using Mint.ML.Samples.Making.Distillation;
using Mint.ML.Samples.Making.Pretraining;
using Mint.ML.Samples.Making.Sounds;
using Mint.ML.Text;
using Mint.ML.Training;
using Mint.ML.Training.Data;

namespace Mint.ML.Samples.Making.World;

/// <summary>Makes the model of everyday sound: language model, what is heard, stage 1, one file.</summary>
/// <param name="options">How it is trained.</param>
/// <param name="log">Told of every part.</param>
/// <param name="progress">Told of every step.</param>
/// <param name="cancel">Stops it; the same command goes on.</param>
internal sealed class WorldMaking(WorldOptions options, TextWriter log, IProgress<TrainingProgress> progress, CancellationToken cancel)
{
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

        string file = WorldFile.Write(bridge, vocabulary, languageModel, encoder, concepts, options.Seed, output);
        log.WriteLine($"written: {file} ({new FileInfo(file).Length / 1e6:F1} MB)");
        WorldCard.Write(output, Path.Combine(sounds, SoundCollection.Manifest), notes, options, concepts.Count, stage1);
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
