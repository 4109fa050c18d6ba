using Mint.ML.Bridges;
using Mint.ML.Checkpoints;
using Mint.ML.Encoders;
using Mint.ML.Files;
using Mint.ML.LanguageModels;
using Mint.ML.Layers;
using Mint.ML.Text;
using static Mint.ML.Tensors.Filling;
using static TorchSharp.torch;

namespace Mint.ML.Systems;

// How an APT begins, and its folder.
public sealed partial class Apt
{
    /// <summary>Folders within an APT's: the frozen models, the aligner's vocabulary, and the aligner as stage 0 left it, whose text encoder compares texts.
    /// </summary>
    internal const string EncoderFolder = "encoder", VocabularyFolder = "bert", LanguageModelFolder = "language-model", AlignmentFolder = "alignment";

    /// <summary>Most tokens of what is asked that the aligner reads: 32, as LAVIS trains BLIP-2 with; the paper does not say.</summary>
    public const int MaxTextTokens = 32;

    /// <summary>How a checkpoint names projection and AUDIO token: as LAVIS's Blip2VicunaInstruct does, and beside it.</summary>
    private static readonly WeightNames acousticNames = new()
    {
        Ignored = [@"^(query_tokens|temp)$",
        @"^(ln_vision|Qformer|vision_proj|text_proj|itm_head)\."]
    };

    /// <summary>Where stages 1 and 2 begin: an aligner, a language model, and between them a projection and an AUDIO token that are drawn.</summary>
    /// <param name="aligner">Of stage 0, or from nothing. It is taken over, and trained.</param>
    /// <param name="languageModel">Frozen; it is taken over.</param>
    /// <param name="tokenizers">Both vocabularies.</param>
    /// <param name="seed">The same seed gives the same weights on every device.</param>
    public static Apt Begin(BridgeNet aligner, ILanguageModel languageModel, MintTokenizers tokenizers, long seed = 1)
    {
        var acoustic = new AcousticPrompt(aligner.Config.QFormer.HiddenSize, languageModel.HiddenSize);
        acoustic.Initialize(seed, Deviation(languageModel));
        return new Apt(aligner, acoustic.Placed(null, languageModel.Device), languageModel, tokenizers);
    }

    // As large as a token is: one far smaller or larger would not be attended to, or alone.
    private static double Deviation(ILanguageModel languageModel)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var some = languageModel.Embed(Indices(Math.Min(512, languageModel.VocabularySize), device: languageModel.Device));
        return some.to(ScalarType.Float32).std().item<float>();
    }

    /// <summary>The ear of an APT: AudioMAE's penultimate block, whatever its folder says; another encoder as it is.</summary>
    /// <param name="folder">A model folder.</param>
    /// <param name="device">The CPU when null.</param>
    /// <exception cref="NotSupportedException">The folder holds no audio encoder.</exception>
    public static IAudioEncoder LoadEncoder(string folder, Device? device = null)
    {
        using (var checkpoint = CheckpointFolder.Open(folder))
            if (ModelCatalog.Find(checkpoint)?.Name != nameof(AudioMae)) return ModelCatalog.LoadAudioEncoder(folder, device: device);
        return AudioMaeEncoder.Load(folder, penultimate: true, device);
    }

    /// <summary>Loads a folder as <see cref="Save"/> writes it.</summary>
    /// <param name="folder">config.json (the aligner's) and the weights; the folders 'bert' and 'language-model' within it. What hears is loaded by
    /// <see cref="LoadEncoder"/> of its folder 'encoder'.</param>
    /// <param name="device">The CPU when null.</param>
    /// <exception cref="WeightMismatchException">The weights are not an APT's.</exception>
    /// <exception cref="DirectoryNotFoundException">A folder is missing.</exception>
    public static Apt Load(string folder, Device? device = null)
    {
        string model = ModelCatalog.Part(folder, LanguageModelFolder, "APT answers with a frozen language model, whose model folder (LLaMA or Vicuna)"),
            bert = ModelCatalog.Part(folder, VocabularyFolder, "APT's aligner reads by BERT's vocabulary (vocab.txt), which");
        int most = (int)CheckpointFolder.ReadJson(Path.Combine(folder, "config.json")).Size("max_text_tokens", MaxTextTokens);
        return Load(folder, ModelCatalog.LoadLanguageModel(model, device: device), new(TextTokenizer.Load(bert), TextTokenizer.Load(model), most));
    }

    /// <summary>The trained parts of a folder before a language model of the caller's.</summary>
    internal static Apt Load(string folder, ILanguageModel languageModel, MintTokenizers tokenizers)
    {
        using var checkpoint = CheckpointFolder.Open(folder);
        var aligner = BridgeNet.Load(folder, device: languageModel.Device);
        var acoustic = new AcousticPrompt(aligner.Config.QFormer.HiddenSize, languageModel.HiddenSize).Placed(null, languageModel.Device);
        WeightLoader.Load(acoustic, checkpoint, acousticNames);
        return new Apt(aligner, acoustic, languageModel, tokenizers);
    }

    /// <summary>Writes a whole folder, as <see cref="ModelCatalog"/> recognises it.</summary>
    /// <param name="folder">Made where it does not exist.</param>
    /// <param name="encoder">The folder of what hears; copied.</param>
    /// <param name="vocabulary">The folder of the aligner's vocabulary; its tokenizer's files are copied.</param>
    /// <param name="languageModel">The folder of the language model; copied.</param>
    /// <param name="alignment">The folder of stage 0's aligner; copied. Null for none: there are no embeddings then.</param>
    public void Save(string folder, string encoder, string vocabulary, string languageModel, string? alignment = null)
    {
        using var scope = NewDisposeScope();
        Copy(encoder, EncoderFolder, _ => true);
        Copy(vocabulary, VocabularyFolder, name => !name.StartsWith("model", StringComparison.Ordinal) && name != "config.json");
        Copy(languageModel, LanguageModelFolder, _ => true);
        if (alignment is not null) Copy(alignment, AlignmentFolder, _ => true);
        var config = Aligner.Config.ToJson();
        (config["model_type"], config["max_text_tokens"]) = ("apt", Tokenizers.MaxTextTokens);
        CheckpointWriter.Write(folder, config, [.. Aligner.state_dict().Concat(Acoustic.state_dict())
            .Select(pair => KeyValuePair.Create(pair.Key, pair.Value))]);

        void Copy(string from, string part, Func<string, bool> wanted)
        {
            string to = Path.Combine(folder, part);
            Directory.CreateDirectory(to);
            if (Path.GetFullPath(from) == Path.GetFullPath(to)) return;
            foreach (string name in ModelFolder.Names(from).Where(wanted)) AtomicFile.Copy(Path.Combine(from, name), Path.Combine(to, name));
        }
    }
}
