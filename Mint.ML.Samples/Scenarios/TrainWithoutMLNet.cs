using Mint.ML.Audio;
using Mint.ML.Bridges;
using Mint.ML.Checkpoints;
using Mint.ML.Objectives;
using Mint.ML.Systems;
using Mint.ML.Text;
using Mint.ML.Training;
using Mint.ML.Training.Data;

namespace Mint.ML.Samples.Scenarios;

/// <summary>Both stages on one's own sounds by the library alone: a manifest with Path and Caption, two frozen models, and a folder for what is made.</summary>
internal static class TrainWithoutMLNet
{
    public static void Run(string manifest = "train.csv", string encoder = "models/data2vec-audio-base", string languageModel = "models/flan-t5-base",
        string run = "runs/own", int layers = 12, int epochs = 5)
    {
        #region own
        var rows = AudioManifest.Read(manifest).Rows;
        string[] captions = [.. rows.Select(row => row["Caption"])];
        // Frames are computed once and kept on the disk: the sounds may be more than memory holds.
        using var frames = new FeatureCache(Path.Combine(run, "frames"), () => ModelCatalog.LoadAudioEncoder(encoder), ModelFolder.Hash(encoder),
            [.. rows.Select(row => row.Path)]);

        string vocabulary = Path.Combine(run, "vocab.txt");
        WordPieceTrainer.Train(captions, vocabulary, new() { VocabularySize = 4000, LeastCount = 1 });
        var words = TextTokenizer.Load(run);
        var bridge = new BridgeNet(new BridgeNetConfig
        {
            QFormer = new() { Layers = layers, AudioSize = frames.HiddenSize, VocabularySize = words.VocabularySize + 1 }, // [DEC] comes after the words
        });
        bridge.Initialize(seed: 1);

        // Stage 1: the bridge learns which captions belong to which sounds. Stage 2: to make the language model say them.
        var options = new TrainingOptions { Epochs = epochs, RunFolder = Path.Combine(run, "stage1") };
        AlignmentTraining.Run(bridge, words, frames, captions, new AlignmentOptions(), options);
        var tokenizers = new MintTokenizers(words, TextTokenizer.Load(languageModel), options.MaxTokens);
        var mint = MintModel.Begin(bridge, ModelCatalog.LoadLanguageModel(languageModel), tokenizers, seed: 1);
        InstructionExample[] examples = [.. captions.Select((caption, clip) => new InstructionExample(clip, InstructionTemplates.CaptionInstruction, caption))];
        InstructionTraining.Run(mint, frames, examples, options with { RunFolder = Path.Combine(run, "stage2") });

        using var model = new AudioLanguageModel(ModelCatalog.LoadAudioEncoder(encoder), mint);
        foreach (var row in rows.Take(5)) Console.WriteLine($"{row["Path"]}: {model.Caption(row.Path)}");
        #endregion
    }
}
