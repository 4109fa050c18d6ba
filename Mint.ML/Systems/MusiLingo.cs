using Mint.ML.Bridges;
using Mint.ML.Checkpoints;
using Mint.ML.Encoders;
using Mint.ML.Files;
using Mint.ML.Generation;
using Mint.ML.LanguageModels;
using Mint.ML.Layers;
using Mint.ML.Tensors;
using Mint.ML.Text;
using static Mint.ML.Tensors.Filling;
using static TorchSharp.torch;

namespace Mint.ML.Systems;

/// <summary>
/// MusiLingo (Deng et al., "MusiLingo: Bridging Music and Text with Pre-trained Language Models for Music Captioning and Query
/// Response", 2023): MERT hears the music, its layers are averaged, then windows of time, and projected, and a frozen LLaMA (Vicuna) reads that between the
/// two halves of the instruction.
/// </summary>
/// <remarks>
/// <code>
/// waveform -> MERT (frozen) -> layers (B, T, L, d) -> weighted average (B, T, d) -> mean over t frames -> linear (B, T/t, D)
///     ###Human: &lt;Audio&gt; ++ music ++ &lt;/Audio&gt; question ###Assistant: -> LLaMA (frozen) -> text
/// </code>
/// The weights of the layers are learned, as in the paper; the published model takes the plain mean of all layers (<see cref="MusiLingoLayers"/>).
/// As an <see cref="IAudioLanguageModel"/> it is given MERT's layers side by side, or their mean, which <see cref="Encoder"/> makes.
/// </remarks>
public sealed class MusiLingo : IAudioLanguageModel
{
    private readonly Hubert? encoder;
    private readonly string outer;
    private readonly ITextTokenizer? tokenizer;

    internal MusiLingo(Hubert? encoder, TemporalMeanAdapter adapter, Llama languageModel, string outer, ITextTokenizer? tokenizer) =>
        (this.encoder, Adapter, LanguageModel, this.outer, this.tokenizer) = (encoder, adapter, languageModel, outer, tokenizer);

    /// <summary>Window means and projection: the trained part.</summary>
    internal TemporalMeanAdapter Adapter { get; }

    /// <summary>The frozen LLaMA; it answers what <see cref="Prompt(AudioEncoding, IReadOnlyList{string})"/> returns.</summary>
    public Llama LanguageModel { get; }

    ILanguageModel IAudioLanguageModel.LanguageModel => LanguageModel;

    /// <summary>LLaMA's tokenizer.</summary>
    /// <exception cref="InvalidOperationException">The folder had no vocabulary.</exception>
    public ITextTokenizer Tokenizer => tokenizer
        ?? throw new InvalidOperationException("This MusiLingo was loaded without LLaMA's vocabulary, so that it reads token ids only: put tokenizer.model "
            + "beside its weights.");

    /// <inheritdoc/>
    public int FrameWidth => (int)Adapter.FrameWidth;

    /// <summary>Its ear: MERT's layers, or their mean. It stays this model's.</summary>
    /// <exception cref="InvalidOperationException">No MERT was loaded.</exception>
    public IAudioEncoder Encoder => Adapter.Layers > 0 ? new MertLayers(Mert) : new MertMean(Mert);

    private Hubert Mert =>
        encoder ?? throw new InvalidOperationException("This MusiLingo was loaded without a MERT folder: load it with one, or call AudioTokens.");

    /// <summary>Loads a checkpoint in the original's naming.</summary>
    /// <param name="folder">config.json (its "t" and "llama") and the weights of LLaMA and the projection.</param>
    /// <param name="mertFolder">A MERT folder of Hugging Face; null when the caller computes the hidden states.</param>
    /// <param name="dtype">Type of LLaMA's and MERT's weights; float32 when null. The projection stays float32.</param>
    /// <param name="device">The CPU when null.</param>
    /// <exception cref="InvalidDataException">A folder's files are broken, or MERT's width is not the projection's.</exception>
    /// <exception cref="WeightMismatchException">The weights are not a MusiLingo's of these dimensions.</exception>
    public static MusiLingo Load(string folder, string? mertFolder = null, ScalarType? dtype = null, Device? device = null)
    {
        using var checkpoint = CheckpointFolder.Open(folder);
        // The uploads wrap the original's class in another, as its "model".
        string outer = checkpoint.Contains("model.llama_proj.weight") ? "model." : "", projection = outer + "llama_proj.weight";
        if (!checkpoint.Contains(projection))
            throw new InvalidDataException($"{folder}: there is no tensor '{projection}'; this is not a MusiLingo checkpoint.");
        var (config, width) = (checkpoint.Config, checkpoint.Describe(projection).Shape[^1]);
        var encoder = mertFolder is null ? null : Hubert.Load(mertFolder, dtype, device);
        if (encoder is not null && encoder.HiddenSize != width)
            throw new InvalidDataException($"{mertFolder}: this MERT is {encoder.HiddenSize} wide; the projection in {folder} takes {width}.");
        var languageModel = new Llama(LlamaConfig.FromJson(config.Section("llama"))).Placed(dtype, device).Frozen().Narrowed();
        string weights = outer + "layer_weights";
        long layers = checkpoint.Contains(weights) ? checkpoint.Describe(weights).Shape[0] : 0;
        if (encoder is not null && layers > 0 && layers != encoder.Config.Layers)
            throw new InvalidDataException($"{mertFolder}: this MERT has {encoder.Config.Layers} blocks; {folder} has weights of {layers}.");
        var adapter = new TemporalMeanAdapter(width, languageModel.HiddenSize, config.Size("t", Window), layers).Placed(null, device);
        var system = new MusiLingo(encoder, adapter, languageModel, outer,
            ModelFolder.Names(checkpoint.Path).Any(name => name.StartsWith("tokenizer", StringComparison.Ordinal)) ? TextTokenizer.Load(checkpoint.Path)
                : null);
        foreach (var (module, names) in system.Parts) WeightLoader.Load(module, checkpoint, names);
        return system;
    }

    /// <summary>Frames of a window: the published model's 325, 4.3 s of MERT's 75 a second.</summary>
    public const long Window = 325;

    /// <summary>Where training begins: frozen models, and between them an adapter whose weights are drawn as PyTorch draws a Linear's.</summary>
    /// <param name="mert">A MERT's folder; null where the caller has its frames and their layers are to be averaged plainly.</param>
    /// <param name="llama">A LLaMA's folder, with its tokenizer.</param>
    /// <param name="layers">How MERT's layers become one.</param>
    /// <param name="window">Frames that make one token.</param>
    /// <param name="seed">The same seed gives the same adapter on every device.</param>
    /// <param name="device">The CPU when null.</param>
    /// <exception cref="NotSupportedException">A folder holds another model.</exception>
    public static MusiLingo Begin(string mert, string llama, MusiLingoLayers layers = MusiLingoLayers.Weighted, long window = Window, long seed = 1,
        Device? device = null)
    {
        ModelCatalog.Require(mert, nameof(Hubert));
        ModelCatalog.Require(llama, nameof(Llama));
        return Begin(Hubert.Load(mert, device: device), Llama.Load(llama, device: device), TextTokenizer.Load(llama), layers, window, seed);
    }

    internal static MusiLingo Begin(Hubert encoder, Llama languageModel, ITextTokenizer tokenizer, MusiLingoLayers layers, long window, long seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(window, 1);
        var adapter = new TemporalMeanAdapter(encoder.HiddenSize, languageModel.HiddenSize, window,
            layers == MusiLingoLayers.Weighted ? encoder.Config.Layers : 0).Placed(null, null);
        using (no_grad())
        using (var generator = new Generator((ulong)seed))
        {
            double bound = 1 / Math.Sqrt(encoder.HiddenSize);
            foreach (var (name, parameter) in adapter.named_parameters())
            {
                if (name == "layer_weights") continue; // zeros: the mean
                using var drawn = empty(parameter.shape).uniform_(-bound, bound, generator);
                parameter.copy_(drawn);
            }
        }
        return new MusiLingo(encoder, adapter.Placed(null, languageModel.Device), languageModel.Frozen(), "", tokenizer);
    }

    /// <summary>Writes a whole folder, as <see cref="ModelCatalog"/> recognises it: config.json, weights, LLaMA's tokenizer, MERT in the folder
    /// 'mert'.</summary>
    /// <param name="folder">Made where it does not exist.</param>
    /// <param name="mert">The folder that MERT was loaded from; copied.</param>
    /// <param name="llama">The folder that LLaMA was loaded from, or a MusiLingo's: its configuration and its tokenizer's files are copied.</param>
    public void Save(string folder, string mert, string llama)
    {
        using var scope = NewDisposeScope();
        var config = CheckpointFolder.ReadJson(Path.Combine(llama, "config.json"));
        Directory.CreateDirectory(Path.Combine(folder, "mert"));
        foreach (string file in ModelFolder.Names(mert)) AtomicFile.Copy(Path.Combine(mert, file), Path.Combine(folder, "mert", file));
        foreach (string file in ModelFolder.Names(llama).Where(name => name.StartsWith("tokenizer", StringComparison.Ordinal)
            || name is "special_tokens_map.json" or "vocab.txt"))
        {
            AtomicFile.Copy(Path.Combine(llama, file), Path.Combine(folder, file));
        }

        CheckpointWriter.Write(folder,
            new() { ["model_type"] = "musilingo", ["t"] = Adapter.Window, ["llama"] = (config["llama"] ?? config).DeepClone() },
            [
                .. LanguageModel.state_dict().Select(pair => KeyValuePair.Create("llama_model." + pair.Key, pair.Value)),
                .. Adapter.state_dict().Select(pair => KeyValuePair.Create(pair.Key, pair.Value)),
            ]);
    }

    /// <summary>LLaMA and the projection, each with how the files name its weights: what <see cref="CheckpointWriter.WriteLike"/> takes.</summary>
    internal (nn.Module Module, WeightNames Names)[] Parts =>
    [
        (LanguageModel, Llama.Names with { Scope = outer + "llama_model." }),
        (Adapter, new() { Scope = outer, Ignored = [@"^llama_model\.", @"^audio_encoder\."] }),
    ];

    /// <summary>Music to tokens of the language model, (B, n, D).</summary>
    /// <param name="waveforms">(B, T) samples in [-1, 1] at MERT's rate, 24 kHz.</param>
    /// <param name="lengths">(B) int64, the true number of samples of each row.</param>
    /// <exception cref="InvalidOperationException">No MERT was loaded.</exception>
    public AudioEncoding Listen(Tensor waveforms, Tensor lengths)
    {
        using var states = Mert.EncodeHidden(waveforms, lengths);
        return AudioTokens(states.HiddenStates, states.Mask);
    }

    /// <summary>MERT's hidden states to tokens of the language model, (B, n, D).</summary>
    /// <param name="hidden">Layers + 1 tensors (B, T, d), the embeddings first; all count alike, or those of the blocks by their learned weights.</param>
    /// <param name="mask">(B, T) bool, true where a frame is real.</param>
    public AudioEncoding AudioTokens(IReadOnlyList<Tensor> hidden, Tensor mask)
    {
        using var scope = NewDisposeScope();
        var (frames, real) = Adapter.call(Adapter.Layers > 0 ? MertLayers.SideBySide(hidden) : MertMean.Mean(hidden), mask);
        return new AudioEncoding(frames.MoveToOuterDisposeScope(), real.MoveToOuterDisposeScope());
    }

    /// <inheritdoc/>
    public (Tensor Embeddings, Tensor Mask) Prompt(AudioEncoding sounds, IReadOnlyList<string> instructions)
    {
        using var scope = NewDisposeScope();
        long rows = sounds.Frames.shape[0];
        var (frames, real) = Adapter.call(sounds.Frames, sounds.Mask);
        using var tokens = new AudioEncoding(frames, real);
        var (before, beforeMask) = Ids([.. instructions.Select(Before)]);
        var (after, afterMask) = Ids([.. instructions.Select(After)]);
        var (embeddings, mask) = Prompt(before.expand(rows, -1), beforeMask.expand(rows, -1), tokens, after.expand(rows, -1), afterMask.expand(rows, -1));
        return (embeddings.MoveToOuterDisposeScope(), mask.MoveToOuterDisposeScope());
    }

    /// <inheritdoc/>
    public (Tensor Embeddings, Tensor Mask) PromptWithoutSound(string instruction)
    {
        using var scope = NewDisposeScope();
        using var silence =
            new AudioEncoding(zeros([1, 0, LanguageModel.HiddenSize], device: LanguageModel.Device),
            zeros([1, 0], dtype: ScalarType.Bool, device: LanguageModel.Device));
        var (before, beforeMask) = Ids([Before(instruction)]);
        var (after, afterMask) = Ids([After(instruction)]);
        var (embeddings, mask) = Prompt(before, beforeMask, silence, after, afterMask);
        return (embeddings.MoveToOuterDisposeScope(), mask.MoveToOuterDisposeScope());
    }

    // What LLaMA was trained to read: positions beyond it mean nothing, and take the square of their number in time and memory.
    private const int MostTextTokens = 2048;

    /// <inheritdoc/>
    public int UnreadTokens(string instruction) => Math.Max(0, Tokenizer.Encode(Before(instruction), addSpecialTokens: false).Length
        + Tokenizer.Encode(After(instruction), addSpecialTokens: false).Length - MostTextTokens);

    /// <summary>What a caption is the answer to, and labels.</summary>
    public const string CaptionInstruction = "Describe the music.", LabelInstruction = "What is heard in the music?";

    /// <summary>How answers are searched for: one at a time, to at most 300 tokens, and to where the model would ask the next question itself.</summary>
    public static GenerationOptions Search { get; } = new() { MaxTokens = 300, StopStrings = ["###"] };

    // The published model's own words around the music and the question. Nothing asked is nothing said: captions follow the music itself (section 3.2).
    private const string Human = "###Human:", Assistant = "###Assistant:";

    internal static string Before(string instruction) => instruction.Length == 0 ? "" : $"{Human} <Audio>";

    internal static string After(string instruction) => instruction.Length == 0 ? "" : $"</Audio> {instruction} {Assistant}";

    /// <summary>A further question of a conversation, as an instruction: what was asked and answered before stands between the music and it.</summary>
    /// <param name="before">Questions and answers so far, in their order.</param>
    /// <param name="question">The question.</param>
    public static string Continue(IEnumerable<(string Question, string Answer)> before, string question) =>
        string.Concat(before.Select(turn => $"{turn.Question} {Assistant} {turn.Answer} {Human} ")) + question;

    private (Tensor Ids, Tensor Mask) Ids(IReadOnlyList<string> texts)
    {
        var batch = Tokenizer.EncodeBatch(texts, addSpecialTokens: false);
        return (tensor(batch.Ids, device: LanguageModel.Device), tensor(batch.Mask, device: LanguageModel.Device));
    }

    /// <summary>BOS, the instruction before the music, the music, the instruction after it: what LLaMA continues.</summary>
    /// <param name="before">(B, L) int64 tokens without special ones ("###Human: &lt;Audio&gt;").</param>
    /// <param name="beforeMask">(B, L) bool, true where the id is a token.</param>
    /// <param name="audio">From <see cref="Listen"/>.</param>
    /// <param name="after">(B, M) int64 ("&lt;/Audio&gt; Describe the music. ###Assistant:").</param>
    /// <param name="afterMask">(B, M) bool.</param>
    /// <returns>Embeddings (B, 1 + L + n + M, D), and which positions are real.</returns>
    public (Tensor Embeddings, Tensor Mask) Prompt(Tensor before, Tensor beforeMask, AudioEncoding audio, Tensor after, Tensor afterMask)
    {
        using var scope = NewDisposeScope();
        var begin = Filled([before.shape[0], 1], LanguageModel.StartTokenId, device: before.device);
        var first = LanguageModel.Embed(cat([begin, before], 1));
        var embeddings = cat([first, audio.Frames.to(first.dtype), LanguageModel.Embed(after)], 1);
        var mask = cat([ones_like(begin, dtype: ScalarType.Bool), beforeMask, audio.Mask, afterMask], 1);
        return (embeddings.MoveToOuterDisposeScope(), mask.MoveToOuterDisposeScope());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        encoder?.Dispose();
        Adapter.Dispose();
        LanguageModel.Dispose();
    }

    private sealed class MertMean(Hubert mert) : IAudioEncoder
    {
        public int SampleRate => mert.SampleRate;
        public int HiddenSize => mert.HiddenSize;
        public long MinimumSamples => mert.MinimumSamples;
        public Device Device => mert.Device;

        public AudioEncoding Encode(Tensor waveforms, Tensor lengths)
        {
            using var states = mert.EncodeHidden(waveforms, lengths);
            return new AudioEncoding(Mean(states.HiddenStates), states.Mask.alias());
        }

        /// <summary>The plain mean of all layers, the embeddings included: (B, T, d), float32.</summary>
        public static Tensor Mean(IReadOnlyList<Tensor> hidden)
        {
            using var scope = NewDisposeScope();
            var sum = hidden[0].to(ScalarType.Float32, copy: true);
            foreach (var layer in hidden.Skip(1)) sum.Plus_(layer);
            return sum.Over_(hidden.Count).MoveToOuterDisposeScope();
        }

        public void Dispose()
        {
            // MERT is MusiLingo's.
        }
    }

    private sealed class MertLayers(Hubert mert) : IAudioEncoder
    {
        public int SampleRate => mert.SampleRate;
        public int HiddenSize => mert.HiddenSize * (int)mert.Config.Layers;
        public long MinimumSamples => mert.MinimumSamples;
        public Device Device => mert.Device;

        public AudioEncoding Encode(Tensor waveforms, Tensor lengths)
        {
            using var states = mert.EncodeHidden(waveforms, lengths);
            return new AudioEncoding(SideBySide(states.HiddenStates), states.Mask.alias());
        }

        /// <summary>The output of every block, the embeddings left out: (B, T, L d), float32.</summary>
        public static Tensor SideBySide(IReadOnlyList<Tensor> hidden)
        {
            using var scope = NewDisposeScope();
            return cat([.. hidden.Skip(1)], -1).to(ScalarType.Float32).MoveToOuterDisposeScope();
        }

        public void Dispose()
        {
            // MERT is MusiLingo's.
        }
    }
}

/// <summary>How MERT's layers become one.</summary>
public enum MusiLingoLayers
{
    /// <summary>By learned weights of the transformer's blocks: the paper, section 3.1.</summary>
    Weighted,

    /// <summary>By the plain mean of the embeddings and all blocks: the published model.</summary>
    Mean,
}
