using Mint.ML.Bridges;
using Mint.ML.Checkpoints;
using Mint.ML.Encoders;
using Mint.ML.LanguageModels;
using Mint.ML.Layers;
using Mint.ML.Tensors;
using Mint.ML.Text;
using static Mint.ML.Tensors.Filling;
using static TorchSharp.torch;

namespace Mint.ML.Systems;

/// <summary>
/// MusiLingo (Deng et al., "MusiLingo: Bridging Music and Text with Pre-trained Language Models for Music Captioning and Query
/// Response", 2023) for inference, as zihaod/MusiLingo computes it: MERT hears the music, the plain mean of all its layers is averaged
/// over windows of time and projected, and a frozen LLaMA (Vicuna) reads it between the two halves of the instruction.
/// </summary>
/// <remarks>As an <see cref="IAudioLanguageModel"/> it is given the mean of MERT's layers, (B, T, d), which <see cref="Encoder"/> makes.</remarks>
public sealed class MusiLingo : IAudioLanguageModel
{
    private readonly Hubert? encoder;
    private readonly string outer;
    private readonly ITextTokenizer? tokenizer;

    private MusiLingo(Hubert? encoder, TemporalMeanAdapter adapter, Llama languageModel, string outer, ITextTokenizer? tokenizer) =>
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
    public int FrameWidth => (int)Adapter.Inputs;

    /// <summary>Its ear: MERT, and the mean of all of its layers. It stays this model's.</summary>
    /// <exception cref="InvalidOperationException">No MERT was loaded.</exception>
    public IAudioEncoder Encoder => new MertMean(Mert);

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
        var languageModel = new Llama(LlamaConfig.FromJson(config.Section("llama"))).Placed(dtype, device).Frozen();
        var adapter = new TemporalMeanAdapter(width, languageModel.HiddenSize, config.Size("t", 325)).Placed(null, device);
        var system = new MusiLingo(encoder, adapter, languageModel, outer, File.Exists(Path.Combine(checkpoint.Path, "tokenizer.model"))
            ? TextTokenizer.Load(checkpoint.Path) : null);
        foreach (var (module, names) in system.Parts) WeightLoader.Load(module, checkpoint, names);
        return system;
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
    /// <param name="hidden">Layers + 1 tensors (B, T, d), the embeddings first; all count alike.</param>
    /// <param name="mask">(B, T) bool, true where a frame is real.</param>
    public AudioEncoding AudioTokens(IReadOnlyList<Tensor> hidden, Tensor mask)
    {
        using var scope = NewDisposeScope();
        var (frames, real) = Adapter.call(MertMean.Mean(hidden), mask);
        return new AudioEncoding(frames.MoveToOuterDisposeScope(), real.MoveToOuterDisposeScope());
    }

    /// <inheritdoc/>
    public (Tensor Embeddings, Tensor Mask) Prompt(AudioEncoding sounds, IReadOnlyList<string> instructions)
    {
        using var scope = NewDisposeScope();
        long rows = sounds.Frames.shape[0];
        var (frames, real) = Adapter.call(sounds.Frames, sounds.Mask);
        using var tokens = new AudioEncoding(frames, real);
        var (before, beforeMask) = Ids([Opening]);
        var (after, afterMask) = Ids([.. instructions.Select(Closing)]);
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
        var (before, beforeMask) = Ids([Opening]);
        var (after, afterMask) = Ids([Closing(instruction)]);
        var (embeddings, mask) = Prompt(before, beforeMask, silence, after, afterMask);
        return (embeddings.MoveToOuterDisposeScope(), mask.MoveToOuterDisposeScope());
    }

    // The published model's own words around the music and the question.
    private const string Opening = "###Human: <Audio>";
    private static string Closing(string instruction) => $"</Audio> {instruction} ###Assistant:";

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
}
