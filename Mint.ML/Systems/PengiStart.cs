using System.Text.Json.Nodes;
using Mint.ML.Audio;
using Mint.ML.Checkpoints;
using Mint.ML.Encoders;
using Mint.ML.Files;
using Mint.ML.LanguageModels;
using Mint.ML.Tensors;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Mint.ML.Systems;

/// <summary>Which mel bank a new Pengi hears with. Both are fed sound of 44.1 kHz.</summary>
public enum PengiSpectrogram
{
    /// <summary>50 to 8,000 Hz at 44.1 kHz: the paper, section 4.3.</summary>
    Paper,

    /// <summary>50 to 14,000 Hz of a bank made for 32 kHz: the published code, whatever its settings say.</summary>
    Published,
}

/// <summary>Where a Pengi begins: published encoders and a language model, and between them projections and mapping networks whose weights are drawn
/// (section 4.3). The defaults are the paper's.</summary>
public sealed record PengiStart
{
    /// <summary>Width E of both embeddings.</summary>
    public long EmbeddingSize { get; init; } = 1024;

    /// <summary>Vectors of each half of the prefix: 40 and 40.</summary>
    public long PrefixLength { get; init; } = 40;

    /// <summary>Vectors that an embedding is spread over on the way into a mapping network: 40, the published code's.</summary>
    public long InputLength { get; init; } = 40;

    /// <summary>Blocks of a mapping network.</summary>
    public long MappingLayers { get; init; } = 8;

    /// <summary>Attention heads of a mapping network; divides GPT-2's width. 8, the published code's.</summary>
    public long MappingHeads { get; init; } = 8;

    /// <summary>Samples of a spectrogram's window, at 44.1 kHz.</summary>
    public long WindowSize { get; init; } = 1024;

    /// <summary>Samples from one frame to the next.</summary>
    public long HopSize { get; init; } = 320;

    /// <summary>m2 reads a question's tokens as GPT-2 embeds them, without the text encoder: appendix F's ablation, which the paper finds worse.</summary>
    public bool PlainQuestions { get; init; }

    /// <summary>The mel bank.</summary>
    public PengiSpectrogram Spectrogram { get; init; } = PengiSpectrogram.Paper;

    /// <summary>Decides what is drawn.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Checks every value and reports all that is wrong at once.</summary>
    /// <exception cref="ArgumentException">Lists each bad value.</exception>
    public void Validate()
    {
        var errors = new OptionErrors();
        foreach (var (name, value) in new[]
        {
            (nameof(EmbeddingSize), EmbeddingSize), (nameof(PrefixLength), PrefixLength), (nameof(InputLength), InputLength),
            (nameof(MappingLayers), MappingLayers), (nameof(MappingHeads), MappingHeads), (nameof(WindowSize), WindowSize), (nameof(HopSize), HopSize),
        })
        {
            errors.Require(value >= 1, $"{name} is {value}; expected at least 1.");
        }
        errors.RequireKnown(nameof(Spectrogram), Spectrogram);
        errors.Throw();
    }

    /// <summary>Writes a Pengi's folder, in the published names, which <see cref="Pengi.Load"/> reads and every command takes.</summary>
    /// <param name="folder">Made where it does not exist.</param>
    /// <param name="clap">A CLAP of Hugging Face, for its HTS-AT and the statistics of its norm (laion/clap-htsat-unfused), or such a tower alone.</param>
    /// <param name="clip">A CLIP, for its text tower, its projection where there is one, and its vocabulary (openai/clip-vit-base-patch32).</param>
    /// <param name="gpt2">A GPT-2 and its vocabulary.</param>
    /// <exception cref="NotSupportedException">A folder holds another model, or a fused CLAP.</exception>
    /// <exception cref="InvalidDataException">A folder's files are broken, or the parts do not fit each other.</exception>
    public void Write(string folder, string clap, string clip, string gpt2)
    {
        Validate();
        Check(clap, clip, gpt2);
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        using var tower = HtsAt.Load(clap);
        using var reader = ClipText.Load(clip);
        using var language = Gpt2.Load(gpt2);
        if (tower.Config.Fusion)
            throw new NotSupportedException($"{clap}: this CLAP hears long clips by fused crops; Pengi's HTS-AT is that of an unfused one.");
        var config = Config(tower.Config, CheckpointFolder.ReadJson(Path.Combine(clip, "config.json")), CheckpointFolder.ReadJson(Path.Combine(gpt2,
            "config.json")));
        using var pengi = new Pengi(PengiConfig.FromJson(config));
        using (var chance = new Generator((ulong)Seed))
        {
            foreach (var (module, _) in pengi.Parts)
                if (!ReferenceEquals(module, pengi.LanguageModel)) Draw(module, chance);
        }
        if (pengi.Parts is not [var (mel, _), var (heard, _), _, var (read, _), var (projection, _), ..]) throw new InvalidOperationException("Pengi's parts.");
        Kernels(mel.state_dict());
        Copy(Fused(tower.state_dict()), heard);
        var texts = reader.state_dict();
        Copy(texts, read);
        Copy(language.state_dict(), pengi.LanguageModel);
        if (texts.TryGetValue("text_projection.weight", out var projected)) Copy(new Dictionary<string, Tensor> { ["weight"] = projected }, projection);
        CheckpointWriter.Write(folder, config, pengi.Parts.SelectMany(part => part.Module.state_dict()
            .Select(pair => KeyValuePair.Create(part.Names.Scope + Published(part.Module, pair.Key), pair.Value))).DistinctBy(pair => pair.Key));
        Vocabulary(clip, Path.Combine(folder, "clip"));
        Vocabulary(gpt2, Path.Combine(folder, "gpt2"));
    }

    /// <summary>Refuses folders of other models, by their configurations and names of tensors alone.</summary>
    /// <exception cref="NotSupportedException">A folder holds another model.</exception>
    public static void Check(string clap, string clip, string gpt2)
    {
        using (var checkpoint = CheckpointFolder.Open(clap))
        {
            if (ModelCatalog.Find(checkpoint)?.Name is not (nameof(Clap) or nameof(HtsAt)))
                ModelCatalog.Require(clap, nameof(Clap));
        }
        ModelCatalog.Require(clip, nameof(ClipText));
        ModelCatalog.Require(gpt2, nameof(Gpt2));
    }

    private JsonObject Config(HtsAtConfig tower, JsonObject clip, JsonObject gpt2)
    {
        var (rate, highest) = Bank;
        return new()
        {
            ["model_type"] = "pengi",
            ["htsat"] = new JsonObject
            {
                ["mel_bins"] = tower.MelBins,
                ["window_size"] = WindowSize,
                ["hop_size"] = HopSize,
                ["sample_rate"] = rate,
                ["fmin"] = Lowest,
                ["fmax"] = highest,
                ["spec_size"] = tower.ImageSize,
                ["patch_size"] = tower.PatchSize,
                ["embed_dim"] = tower.PatchWidth,
                ["depths"] = new JsonArray([.. tower.Depths.Select(n => (JsonNode)n)]),
                ["num_heads"] = new JsonArray([.. tower.Heads.Select(n => (JsonNode)n)]),
                ["window_size_swin"] = tower.Window,
                ["mlp_ratio"] = tower.MlpRatio,
                ["num_classes"] = new PengiConfig().HtsAt.Classes, // AudioSet's, which only published readers ask for
            },
            ["d_proj"] = EmbeddingSize,
            ["prefix_length"] = PrefixLength,
            ["clip_length"] = InputLength,
            ["mapper_layers"] = MappingLayers,
            ["mapper_heads"] = MappingHeads,
            ["plain_questions"] = PlainQuestions,
            ["clip_text"] = (clip["text_config"] ?? clip).DeepClone(),
            ["gpt2"] = gpt2.DeepClone(),
        };
    }

    private const int Lowest = 50; // Hz

    private (int Rate, int Highest) Bank => Spectrogram == PengiSpectrogram.Paper ? (44_100, 8_000) : (32_000, 14_000);

    // torchlibrosa's: Fourier kernels, and Slaney's triangles of equal area.
    private void Kernels(Dictionary<string, Tensor> mel)
    {
        var (real, imaginary) = TorchlibrosaLogMel.Kernels(WindowSize);
        mel["real"].copy_(real);
        mel["imag"].copy_(imaginary);
        mel["bank"].copy_(MelBank(WindowSize, mel["bank"].shape[1], Bank.Rate, Lowest, Bank.Highest));
    }

    internal static Tensor MelBank(long window, long bands, int rate, double lowest, double highest) =>
        tensor(MelFilterBank.Triangles((int)window, (int)bands, rate, lowest, highest, MelScale.Slaney, slaneyNorm: true), [window / 2 + 1, bands]);

    // Query, key and value are one matrix in Pengi's files, three in transformers'.
    private static Dictionary<string, Tensor> Fused(Dictionary<string, Tensor> tower)
    {
        var fused = new Dictionary<string, Tensor>();
        foreach (var (name, tensor) in tower)
        {
            if (name.Contains(".attention.self.query.", StringComparison.Ordinal))
            {
                fused[name.Replace(".query.", ".qkv.", StringComparison.Ordinal)] = cat([tensor,
                    tower[name.Replace(".query.", ".key.", StringComparison.Ordinal)],
                    tower[name.Replace(".query.", ".value.", StringComparison.Ordinal)]], 0);
            }
            else
            {
                fused[name] = tensor;
            }
        }
        return fused;
    }

    private static void Copy(IReadOnlyDictionary<string, Tensor> from, nn.Module to)
    {
        foreach (var (name, tensor) in to.state_dict())
            if (from.TryGetValue(name, out var source)) tensor.copy_(source);
    }

    /// <summary>As PyTorch draws its layers: linear ones and convolutions uniformly up to 1 / sqrt(inputs), norms as 1 and 0, constants normally.</summary>
    internal static void Draw(nn.Module module, Generator chance)
    {
        var parameters = module.named_parameters().ToDictionary(pair => pair.name, pair => pair.parameter);
        foreach (var (name, parameter) in parameters)
        {
            string sibling = name.EndsWith(".bias", StringComparison.Ordinal) || name == "bias" ? name[..^4] + "weight" : name;
            var weight = parameters.GetValueOrDefault(sibling, parameter);
            if (name.EndsWith("prefix_const", StringComparison.Ordinal)) Drawn(empty(parameter.shape).normal_(0, 1, chance));
            else if (weight.ndim == 1) parameter.Fill_(sibling == name ? 1 : 0);
            else Drawn(Uniform(parameter, 1 / Math.Sqrt(weight.numel() / weight.shape[0])));

            void Drawn(Tensor values)
            {
                using (values) parameter.copy_(values);
            }
        }

        Tensor Uniform(Parameter parameter, double bound) => empty(parameter.shape).uniform_(-bound, bound, chance);
    }

    // The module's names in the published spelling; the readers' rules are their inverse.
    private static string Published(nn.Module module, string name) => module switch
    {
        TorchlibrosaLogMel => name == "bank" ? "logmel_extractor.melW" : $"spectrogram_extractor.stft.conv_{name}.weight",
        HtsAt => Tower.Aggregate(name, (spelled, rule) => spelled.Replace(rule.Own, rule.Published, StringComparison.Ordinal)),
        Gpt2 => "transformer." + name,
        _ => name,
    };

    private static readonly (string Own, string Published)[] Tower =
    [
        ("batch_norm.", "bn0."), (".layernorm_before.", ".norm1."), (".layernorm_after.", ".norm2."), (".attention.output.dense.", ".attn.proj."),
        (".attention.self.", ".attn."), (".intermediate.dense.", ".mlp.fc1."), (".output.dense.", ".mlp.fc2."),
    ];

    private static void Vocabulary(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in ModelFolder.Names(from).Where(name => !(Path.GetExtension(name) is ".safetensors" or ".bin" or ".pt" or ".pth" or ".h5"
            or ".msgpack" or ".onnx") && name != "config.json" && !name.EndsWith(".index.json", StringComparison.Ordinal)))
        {
            AtomicFile.Copy(Path.Combine(from, file), Path.Combine(to, file));
        }
    }
}
