using Mint.ML.Bridges;
using Mint.ML.Checkpoints;
using Mint.ML.Encoders;
using Mint.ML.LanguageModels;
using Mint.ML.Retrieval;
using Mint.ML.Text;
using static TorchSharp.torch;

namespace Mint.ML.Systems;

/// <summary>An architecture that a model folder can be recognised as.</summary>
public sealed class KnownModel
{
    internal KnownModel(string name, string source, Func<string, IDisposable> load) => (Name, Source, Load) = (name, source, load);

    /// <summary>Its class.</summary>
    public string Name { get; }

    /// <summary>Whose checkpoints fit, and where the architecture comes from.</summary>
    public string Source { get; }

    /// <summary>Loads a folder as the class that <see cref="Name"/> says, float32 on the CPU.</summary>
    /// <remarks>Throws <see cref="WeightMismatchException"/> where tensors are missing, left over or of another shape.</remarks>
    public Func<string, IDisposable> Load { get; }

    /// <summary>Loads it as an audio encoder behind its front end; null where it is none.</summary>
    internal Func<string, ScalarType?, Device?, IAudioEncoder>? LoadEncoder { get; init; }

    /// <summary>Loads it as a language model; null where it is none.</summary>
    internal Func<string, ScalarType?, Device?, ILanguageModel>? LoadLanguageModel { get; init; }

    /// <summary>Loads it as a whole system, with the encoder that it hears with; null where it is none.</summary>
    internal Func<string, Device?, WholeSystem>? LoadSystem { get; init; }

    /// <summary>Folders within a whole system's folder that belong to it: vocabularies, and the models beside its own weights.</summary>
    internal string[] Parts { get; init; } = [];

    /// <summary>What a whole system can be asked for.</summary>
    public SystemCapabilities Capabilities { get; internal init; }

    /// <summary>What a whole system is asked, and how answers are searched for, where nothing else is said: as its paper does.</summary>
    public AnswerDefaults Defaults { get; internal init; } = new();

    /// <summary>Why it has no vectors that compare sound with text; for errors.</summary>
    internal string? Incomparable { get; init; }

    /// <summary>Whether <see cref="ModelCatalog.LoadAudioEncoder"/> takes it.</summary>
    public bool IsAudioEncoder => LoadEncoder is not null;

    /// <summary>Whether <see cref="ModelCatalog.LoadLanguageModel"/> takes it.</summary>
    public bool IsLanguageModel => LoadLanguageModel is not null;

    /// <summary>Whether <see cref="AudioLanguageModel.Load"/> takes its folder.</summary>
    public bool IsSystem => LoadSystem is not null;

    /// <summary>The <c>model_type</c>s of config.json that name it.</summary>
    internal string[] Types { get; init; } = [];

    /// <summary>Recognises folders whose config.json names another type, or none, by what they hold.</summary>
    internal Func<CheckpointFolder, bool> Holds { get; init; } = _ => false;
}

/// <summary>Finds out what a model folder holds, by its config.json and the names of its tensors, and loads it.</summary>
public static class ModelCatalog
{
    /// <summary>Every architecture, the more particular ones first: a checkpoint that holds another as a part is the whole.</summary>
    public static IReadOnlyList<KnownModel> All { get; } =
    [
        new("MintModel", "MINT's stage 2 in LAVIS's Blip2T5Instruct layout", folder => MintModel.LoadLavis(folder))
        {
            LoadSystem = WholeMint, Parts = ["encoder", "bert", "t5"],
            Capabilities = SystemCapabilities.Answers | SystemCapabilities.RankedLabels | SystemCapabilities.Tagging,
            Incomparable = "stage 2 has no heads that compare sound with text; those are stage 1's",
            Holds = checkpoint => Begins(checkpoint, "Qformer.") && Begins(checkpoint, "t5_model."),
        },
        new("Apt", "APT, as mint tune-apt makes it", folder => Apt.Load(folder))
        {
            LoadSystem = WholeApt, Parts = [Apt.EncoderFolder, Apt.VocabularyFolder, Apt.LanguageModelFolder, Apt.AlignmentFolder], Types = ["apt"],
            Holds = checkpoint => checkpoint.Contains("audio_token") && Begins(checkpoint, "Qformer."),
            Capabilities = SystemCapabilities.Answers | SystemCapabilities.RankedLabels | SystemCapabilities.Tagging | SystemCapabilities.Sequences,
            Defaults = new() { CaptionInstruction = Training.Data.AptTasks.CaptionInstruction, LabelInstruction = Interleaved.FewShotInstruction },
            Incomparable = "its folder holds no aligner of stage 0 (in its folder 'alignment'), which compares sound and texts",
        },
        new("BridgeNet", "MINT's stage 1 in LAVIS's Blip2Qformer layout", folder => BridgeNet.Load(folder))
            { Holds = checkpoint => Begins(checkpoint, "Qformer.") },
        new("QFormer", "BLIP-2, InstructBLIP, LAVIS", folder => QFormer.Load(folder))
        {
            Types = ["blip_2_qformer", "instructblip_qformer", "blip-2", "instructblip"],
            Holds = checkpoint => checkpoint.Names.Any(name => name.Contains(".crossattention.", StringComparison.Ordinal)),
        },
        new("Pengi", "microsoft/Pengi", folder => Pengi.Load(folder))
        {
            LoadSystem = WholePengi, Parts = ["clip", "gpt2"], Types = ["pengi"], Holds = checkpoint => Begins(checkpoint, "caption_decoder."),
            Capabilities = SystemCapabilities.Answers | SystemCapabilities.RankedLabels | SystemCapabilities.Tagging | SystemCapabilities.CaptionSearch,
            Defaults = new()
            {
                CaptionInstruction = PengiTemplates.CaptionPrompt, LabelInstruction = PengiTemplates.EventPrompt, Generation = Pengi.Search,
            },
        },
        new("MusiLingo", "zihaod/MusiLingo", folder => MusiLingo.Load(folder))
        {
            LoadSystem = WholeMusiLingo, Parts = ["mert"], Types = ["musilingo"],
            Holds = checkpoint => Begins(checkpoint, "llama_proj.") || Begins(checkpoint, "model.llama_proj."),
            Capabilities = SystemCapabilities.Answers | SystemCapabilities.RankedLabels | SystemCapabilities.Tagging,
            Defaults = new()
            {
                CaptionInstruction = MusiLingo.CaptionInstruction, LabelInstruction = MusiLingo.LabelInstruction, Generation = MusiLingo.Search,
            },
            Incomparable = "it has a language model, and no encoder that compares texts with sound",
        },
        new("Bert", "bert-base-uncased and other BERTs", folder => Bert.Load(folder)) { Types = ["bert"] },
        new("Data2VecAudio", "facebook/data2vec-audio-*", folder => Data2VecAudio.Load(folder)) { LoadEncoder = Data2VecAudio.Load,
            Types = ["data2vec-audio"] },
        new("Wav2Vec2", "facebook/wav2vec2-*", folder => Wav2Vec2.Load(folder)) { LoadEncoder = Wav2Vec2.Load, Types = ["wav2vec2"] },
        new("Hubert", "facebook/hubert-*, m-a-p/MERT-v1-*", folder => Hubert.Load(folder)) { LoadEncoder = Hubert.Load, Types = ["hubert", "mert_model"] },
        new("T5", "t5-*, google/t5-v1_1-*, google/flan-t5-*",
            folder => T5.Load(folder)) { LoadLanguageModel = (folder, dtype, device) => T5.Load(folder, dtype, device), Types = ["t5"] },
        new("Gpt2", "gpt2, gpt2-medium, gpt2-large, gpt2-xl", folder => Gpt2.Load(folder)) { LoadLanguageModel = Gpt2.Load, Types = ["gpt2"] },
        new("Llama", "meta-llama/Llama-2-*, lmsys/vicuna-* and others of its architecture", folder => Llama.Load(folder)) { LoadLanguageModel = Llama.Load,
            Types = ["llama"] },
        new("ClipText", "openai/clip-vit-*", folder => ClipText.Load(folder)) { Types = ["clip", "clip_text_model"] },
        new("Clap", "laion/clap-htsat-unfused, laion/clap-htsat-fused", folder => Clap.Load(folder))
        {
            LoadEncoder = ClapEncoder.Load, LoadSystem = WholeClap, Types = ["clap"],
            Capabilities = SystemCapabilities.RankedLabels | SystemCapabilities.Tagging | SystemCapabilities.Embeddings,
        },
        new("HtsAt", "the audio tower of laion/clap-htsat-*", folder => HtsAt.Load(folder)) { LoadEncoder = ClapEncoder.Load, Types = ["clap_audio_model"] },
        new("Ast", "MIT/ast-finetuned-*", folder => Ast.Load(folder)) { LoadEncoder = AstEncoder.Load, Types = ["audio-spectrogram-transformer"] },
        new("AudioMae", "facebookresearch/AudioMAE", folder => AudioMae.Load(folder)) { LoadEncoder = AudioMaeEncoder.Load, Types = ["audiomae"] },
        new("YamNet", "YAMNet of the TensorFlow model garden, and what mint distil makes", folder => YamNet.Load(folder))
        {
            LoadEncoder = YamNetEncoder.Load,
            Types = ["yamnet"],
            Holds = checkpoint => checkpoint.Contains("blocks.12.pointwise.weight") && checkpoint.Contains("stem.weight"),
        },
    ];

    /// <summary>What a checkpoint holds; null when it is nothing known.</summary>
    public static KnownModel? Find(CheckpointFolder checkpoint)
    {
        string? type = checkpoint.Config["model_type"] is { } node && node.GetValueKind() == System.Text.Json.JsonValueKind.String ? node.GetValue<string>()
            : null;
        return All.FirstOrDefault(model => model.Holds(checkpoint)) ?? All.FirstOrDefault(model => type is not null && model.Types.Contains(type));
    }

    /// <summary>Loads an audio encoder behind its front end, whichever architecture the folder holds.</summary>
    /// <param name="folder">A Hugging Face folder.</param>
    /// <param name="dtype">Type of the weights; float32 when null.</param>
    /// <param name="device">The CPU when null.</param>
    /// <exception cref="NotSupportedException">The folder holds no audio encoder.</exception>
    public static IAudioEncoder LoadAudioEncoder(string folder, ScalarType? dtype = null, Device? device = null) =>
        (Named(folder, model => model.IsAudioEncoder, "audio encoder").LoadEncoder!)(folder, dtype, device);

    /// <summary>Loads a language model, whichever architecture the folder holds. Its weights are frozen.</summary>
    /// <param name="folder">A Hugging Face folder.</param>
    /// <param name="dtype">Type of the weights; float32 when null.</param>
    /// <param name="device">The CPU when null.</param>
    /// <exception cref="NotSupportedException">The folder holds no language model.</exception>
    public static ILanguageModel LoadLanguageModel(string folder, ScalarType? dtype = null, Device? device = null) =>
        (Named(folder, model => model.IsLanguageModel, "language model").LoadLanguageModel!)(folder, dtype, device);

    /// <summary>Refuses a folder that <see cref="LoadAudioEncoder"/> would not take, by config.json and the names of its tensors alone: at once, however
    /// large it is. Call it before anything long begins.</summary>
    /// <param name="folder">A Hugging Face folder.</param>
    /// <exception cref="NotSupportedException">The folder holds no audio encoder.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidDataException">Its files are broken.</exception>
    public static void RequireAudioEncoder(string folder) => Named(folder, model => model.IsAudioEncoder, "audio encoder");

    /// <summary>Refuses a folder that <see cref="LoadLanguageModel"/> would not take, as <see cref="RequireAudioEncoder"/> does.</summary>
    /// <param name="folder">A Hugging Face folder.</param>
    /// <exception cref="NotSupportedException">The folder holds no language model.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidDataException">Its files are broken.</exception>
    public static void RequireLanguageModel(string folder) => Named(folder, model => model.IsLanguageModel, "language model");

    /// <summary>Refuses a folder that is not of one architecture, as <see cref="RequireAudioEncoder"/> does.</summary>
    /// <param name="folder">A Hugging Face folder.</param>
    /// <param name="name">The architecture, by its <see cref="KnownModel.Name"/>: <c>Bert</c>.</param>
    /// <exception cref="NotSupportedException">The folder holds another, or nothing known.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidDataException">Its files are broken.</exception>
    public static void Require(string folder, string name) => Named(folder, model => model.Name == name, name);

    /// <summary>The published system that a folder holds, by config.json and the names of its tensors alone.</summary>
    /// <exception cref="NotSupportedException">The folder holds no system.</exception>
    internal static KnownModel Published(string folder) => Named(folder, model => model.IsSystem, "pre-trained system");

    private static KnownModel Named(string folder, Func<KnownModel, bool> wanted, string what)
    {
        using var checkpoint = CheckpointFolder.Open(folder);
        var found = Find(checkpoint);
        if (found is not null && wanted(found)) return found;
        string holds = found?.Name ?? $"nothing known (its config.json has model_type {checkpoint.Config["model_type"]?.ToJsonString() ?? "missing"})";
        throw new NotSupportedException($"{folder}: this holds {holds}, which is no {what}. Known ones: "
            + $"{string.Join("; ", All.Where(wanted).Select(model => $"{model.Name} ({model.Source})"))}.");
    }

    private static WholeSystem WholePengi(string folder, Device? device)
    {
        var pengi = Pengi.Load(folder, device);
        return new(pengi.Encoder, pengi, new CaptionEmbeddings(pengi));
    }

    private static WholeSystem WholeClap(string folder, Device? device)
    {
        var clap = ClapEmbeddings.Load(folder, device);
        return new(clap.Encoder, null, clap, clap);
    }

    // LAVIS's checkpoints hold bridge and language model; what hears and both vocabularies stand in folders beside them.
    private static WholeSystem WholeMint(string folder, Device? device)
    {
        string encoder = Part(folder, "encoder", "MINT hears with a frozen encoder, whose model folder (for instance facebook/data2vec-audio-base)"),
            bert = Part(folder, "bert", "MINT's bridge reads instructions by BERT's vocabulary (vocab.txt), which"),
            t5 = Part(folder, "t5", "MINT's language model reads by T5's vocabulary (spiece.model), which");
        var model = MintModel.LoadLavis(folder, new(TextTokenizer.Load(bert), TextTokenizer.Load(t5)), device);
        try
        {
            return new(LoadAudioEncoder(encoder, device: device), model, null);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    // MERT stands in the folder of that name.
    private static WholeSystem WholeMusiLingo(string folder, Device? device)
    {
        string mert = Part(folder, "mert", "MusiLingo hears with MERT, whose model folder (m-a-p/MERT-v1-330M)");
        var musilingo = MusiLingo.Load(folder, mert, device: device);
        return new(musilingo.Encoder, musilingo, null);
    }

    // AudioMAE, the vocabulary, LLaMA and the aligner of stage 0 stand in folders of their own.
    private static WholeSystem WholeApt(string folder, Device? device)
    {
        string encoder = Part(folder, Apt.EncoderFolder, "APT hears with a frozen AudioMAE, whose model folder");
        var apt = Apt.Load(folder, device);
        string stage0 = Path.Combine(folder, Apt.AlignmentFolder);
        var alignment = Directory.Exists(stage0) ? BridgeNet.Load(stage0, device: device) : null;
        var embeddings = alignment is null ? null : new BridgeEmbeddings(alignment, apt.Tokenizers.Bridge) { MaxTextTokens = apt.Tokenizers.MaxTextTokens };
        return new(Apt.LoadEncoder(encoder, device), apt, embeddings, alignment);
    }

    internal static string Part(string folder, string name, string what)
    {
        string part = Path.Combine(folder, name);
        return Directory.Exists(part) ? part : throw new DirectoryNotFoundException($"{folder}: {what} belongs into its folder '{name}'.");
    }

    private static bool Begins(CheckpointFolder checkpoint, string prefix) =>
        checkpoint.Names.Any(name => name.StartsWith(prefix, StringComparison.Ordinal));
}
