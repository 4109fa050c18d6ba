using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Bridges;
using Mint.ML.Files;
using Mint.ML.Systems;
using Mint.ML.Tensors;
using Mint.ML.Text;
using Mint.ML.Transforms;
using TorchSharp;
using static TorchSharp.torch;

namespace Mint.ML.Samples.Making.World;

/// <summary>The file of the model of everyday sound: the pipeline from paths to answers, in float16, as the paper's, with the ranking by similarity.</summary>
internal static class WorldFile
{
    private const double WordSteps = 2048; // of 1

    /// <summary>Writes mint.zip.</summary>
    /// <param name="bridge">Trained; its words are rounded here.</param>
    /// <param name="vocabulary">Folder of the bridge's words.</param>
    /// <param name="languageModel">Folder of the language model.</param>
    /// <param name="encoder">Folder of what hears.</param>
    /// <param name="concepts">What is named.</param>
    /// <param name="seed">Decides the projection that nothing uses.</param>
    /// <param name="output">Folder for the file.</param>
    /// <returns>Its path.</returns>
    public static string Write(BridgeNet bridge, string vocabulary, string languageModel, string encoder, IReadOnlyList<Concept> concepts, int seed,
        string output)
    {
        var words = TextTokenizer.Load(vocabulary);
        using var copy = bridge.Copy();
        // No stage 2: on scenes it does not learn to listen within hours (docs/everyday.md), and names are what stage 1 is sure of.
        var model = MintModel.Begin(copy, ModelCatalog.LoadLanguageModel(languageModel), new MintTokenizers(words, TextTokenizer.Load(languageModel)),
            seed, EverydayWords.Told);
        Lighten(copy, words, [.. concepts.SelectMany(concept => concept.Phrases)]);
        foreach (var net in new[] { bridge, copy }) Round(net);

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
        return path;
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

    private sealed class PathRow
    {
        public string Path { get; set; } = "";
    }
}
