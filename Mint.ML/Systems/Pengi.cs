using Mint.ML.Bridges;
using Mint.ML.Checkpoints;
using Mint.ML.Encoders;
using Mint.ML.Files;
using Mint.ML.Generation;
using Mint.ML.LanguageModels;
using Mint.ML.Layers;
using Mint.ML.Retrieval;
using Mint.ML.Tensors;
using Mint.ML.Text;
using static TorchSharp.torch;

namespace Mint.ML.Systems;

/// <summary>
/// Pengi (Deshmukh et al., "Pengi: An Audio Language Model for Audio Tasks", 2023) as microsoft/Pengi computes it: HTS-AT
/// hears the audio, CLIP reads the question, two mapping networks turn each into a prefix, and a frozen GPT-2 continues it.
/// </summary>
/// <remarks>
/// <code>
/// waveform -> log-mel -> HTS-AT, projection (B, E) -> m1 -> (B, P, D) --+
///                        question -> CLIP (frozen) (B, E) -> m2 -> (B, P, D) ++-> GPT-2 (frozen) -> text
/// </code>
/// As an <see cref="IAudioLanguageModel"/> it is given HTS-AT's embedding as one frame (B, 1, E), which <see cref="Encoder"/> makes. Beams are then ranked by
/// <see cref="GenerationOptions"/>; <see cref="Answer(Tensor, Tensor, Tensor?, int, int)"/> ranks them as the original does.
/// </remarks>
public sealed class Pengi : IAudioLanguageModel
{
    private readonly PengiAudioEncoder audio;
    private readonly PengiTextEncoder text;
    private readonly MappingNetwork audioPrefix;
    private readonly MappingNetwork textPrefix;

    internal Pengi(PengiConfig config)
    {
        Config = config;
        audio = new PengiAudioEncoder(config);
        text = new PengiTextEncoder(config);
        audioPrefix = new MappingNetwork(config.Mapping);
        textPrefix = new MappingNetwork(config.Mapping, config.PlainQuestions);
        LanguageModel = new Gpt2(config.Gpt2);
    }

    /// <summary>The dimensions of the parts.</summary>
    public PengiConfig Config { get; }

    /// <summary>The frozen GPT-2.</summary>
    public Gpt2 LanguageModel { get; }

    ILanguageModel IAudioLanguageModel.LanguageModel => LanguageModel;

    /// <summary>CLIP's tokenizer, which reads questions, and GPT-2's; null for a model that is given token ids only.</summary>
    public (ITextTokenizer Question, ITextTokenizer Answer)? Tokenizers { get; internal set; }

    /// <inheritdoc/>
    public ITextTokenizer Tokenizer => Known.Answer;

    /// <inheritdoc/>
    public int FrameWidth => (int)Config.EmbeddingSize;

    /// <summary>Its ear: HTS-AT and the projection behind it, one frame a clip. It stays this model's.</summary>
    public IAudioEncoder Encoder => new PengiEar(this);

    private (ITextTokenizer Question, ITextTokenizer Answer) Known => Tokenizers
        ?? throw new InvalidOperationException("This Pengi was loaded without tokenizers, so that it reads token ids only: its folder needs the folders "
            + "'clip' and 'gpt2' with their vocabularies.");

    /// <summary>Loads a checkpoint in the original's naming.</summary>
    /// <param name="folder">
    /// The weights, and config.json where they are not the published dimensions; the vocabularies of CLIP and GPT-2 in its folders <c>clip</c> and <c>gpt2</c>,
    /// where it has them.
    /// </param>
    /// <param name="device">The CPU when null.</param>
    /// <exception cref="InvalidDataException">The folder's files are broken.</exception>
    /// <exception cref="WeightMismatchException">The weights are not a Pengi's of these dimensions.</exception>
    public static Pengi Load(string folder, Device? device = null)
    {
        using var checkpoint = CheckpointFolder.Open(folder);
        string clip = Path.Combine(checkpoint.Path, "clip"), gpt2 = Path.Combine(checkpoint.Path, "gpt2");
        var pengi = new Pengi(PengiConfig.FromJson(checkpoint.Config))
        {
            Tokenizers = Directory.Exists(clip) && Directory.Exists(gpt2) ? (TextTokenizer.Load(clip), TextTokenizer.Load(gpt2)) : null,
        };
        pengi.LanguageModel.Narrowed();
        foreach (var (module, names) in pengi.Parts) WeightLoader.Load(module.Placed(null, device).Frozen(), checkpoint, names);
        return pengi;
    }

    /// <summary>Every part with how the original names its weights: what <see cref="CheckpointWriter.WriteLike"/> takes.</summary>
    internal (nn.Module Module, WeightNames Names)[] Parts =>
    [
        .. audio.Parts("audio_encoder."), .. text.Parts("caption_encoder."),
        (audioPrefix, new() { Scope = "caption_decoder.audio_project." }), (textPrefix, new() { Scope = "caption_decoder.text_project." }),
        (LanguageModel, Gpt2.Names with { Scope = "caption_decoder.gpt." }),
    ];

    /// <summary>What HTS-AT and its projection make of the audio, (B, E).</summary>
    /// <param name="waveforms">
    /// (B, T) mono samples at 44.1 kHz: the original feeds that rate to a mel bank made for 32 kHz, and was trained so.
    /// </param>
    public Tensor EncodeAudio(Tensor waveforms) => audio.Encode(waveforms);

    /// <summary>What CLIP and its projection make of the questions, (B, E).</summary>
    /// <param name="ids">(B, L) int64 CLIP tokens, end token included.</param>
    /// <param name="mask">(B, L) bool, true where the id is a token.</param>
    public Tensor EncodeText(Tensor ids, Tensor? mask) => text.Encode(ids, mask);

    /// <summary>The prefix that GPT-2 continues, (B, 2P, D): the audio's half, then the question's.</summary>
    /// <exception cref="NotSupportedException">This Pengi reads questions without their embedding: ask it in words.</exception>
    public Tensor Prefix(Tensor audioEmbedding, Tensor textEmbedding)
    {
        if (Config.PlainQuestions)
            throw new NotSupportedException("This Pengi reads a question's tokens and not its embedding (appendix F): ask it in words.");
        using var scope = NewDisposeScope();
        return Prefixed(audioEmbedding, textPrefix.call(Unit(textEmbedding))).MoveToOuterDisposeScope();
    }

    private Tensor Unit(Tensor x) => Config.NormalizePrefix ? x / x.norm(1, keepdim: true) : x;

    private Tensor Prefixed(Tensor audioEmbedding, Tensor questions) => cat([audioPrefix.call(Unit(audioEmbedding)), questions], 1);

    /// <summary>The same without the text encoder (appendix F): m2 reads the questions' tokens as GPT-2 embeds them.</summary>
    internal Tensor Prefix(Tensor audioEmbedding, IReadOnlyList<string> questions)
    {
        using var scope = NewDisposeScope();
        // Each different question by itself: padding would be read.
        string[] different = [.. questions.Distinct()];
        var read = cat([.. different.Select(question => textPrefix.call(LanguageModel.Embed(tensor(
            Known.Answer.Encode(question, addSpecialTokens: false, maxLength: LongestQuestion).Select(id => (long)id).ToArray(),
            device: LanguageModel.Device).unsqueeze(0))))], 0);                                                             // (n, P, D)
        var asked = read.index_select(0, tensor(questions.Select(question => (long)Array.IndexOf(different, question)).ToArray(), device: read.device));
        return Prefixed(audioEmbedding, asked.expand(audioEmbedding.shape[0], -1, -1)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public (Tensor Embeddings, Tensor Mask) Prompt(AudioEncoding sounds, IReadOnlyList<string> instructions)
    {
        using var scope = NewDisposeScope();
        var prefix = Config.PlainQuestions ? Prefix(sounds.Frames.squeeze(1), instructions) : Encoded();
        return (prefix.MoveToOuterDisposeScope(), ones([prefix.shape[0], prefix.shape[1]], dtype: ScalarType.Bool, device: prefix.device)
            .MoveToOuterDisposeScope());

        Tensor Encoded()
        {
            var (ids, mask) = TextTensors.Encode(Known.Question, instructions, LongestQuestion, LanguageModel.Device);
            var questions = EncodeText(ids, mask); // (B, E) or (1, E)
            return Prefix(sounds.Frames.squeeze(1), questions.expand(sounds.Frames.shape[0], -1));
        }
    }

    private int LongestQuestion => (int)Config.ClipText.Positions;

    /// <inheritdoc/>
    public int UnreadTokens(string instruction) => Math.Max(0, (Config.PlainQuestions ? Known.Answer.Encode(instruction, addSpecialTokens: false)
        : Known.Question.Encode(instruction)).Length - LongestQuestion);

    /// <summary>How the paper searches for answers: beams of 5 (section 3.2), at most 30 tokens.</summary>
    public static GenerationOptions Search { get; } = new() { Beams = 5, MaxTokens = 30 };

    /// <summary>Unit vectors of texts as its text encoder has them, each (1, E): what text matching compares.</summary>
    /// <param name="texts">Any texts.</param>
    public IReadOnlyList<float[,]> EmbedTexts(IReadOnlyList<string> texts)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        if (texts.Count == 0) return [];
        var (ids, mask) = TextTensors.Encode(Known.Question, texts, (int)Config.ClipText.Positions, LanguageModel.Device);
        float[] numbers = nn.functional.normalize(EncodeText(ids, mask), dim: -1).to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray();
        return [.. numbers.Chunk(FrameWidth).Select(vector => BridgeEmbeddings.Vectors(vector, FrameWidth))];
    }

    /// <summary>Not offered: half of Pengi's prefix is sound, and it was never trained on the other half alone.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public (Tensor Embeddings, Tensor Mask) PromptWithoutSound(string instruction) =>
        throw new NotSupportedException("Pengi has no prompt without sound, which mutual information compares with: rank labels by the sum or by the mean "
            + "per token.");

    /// <summary>Answers a batch: the best beams first.</summary>
    /// <param name="waveforms">See <see cref="EncodeAudio"/>.</param>
    /// <param name="ids">See <see cref="EncodeText"/>.</param>
    /// <param name="mask">See <see cref="EncodeText"/>.</param>
    /// <param name="beams">Beams, all of which are returned. 3, as in the original.</param>
    /// <param name="maxTokens">Most tokens of an answer. 30, as in the original.</param>
    internal IReadOnlyList<IReadOnlyList<PengiAnswer>> Answer(Tensor waveforms, Tensor ids, Tensor? mask, int beams = 3, int maxTokens = 30)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        return PengiBeamSearch.Run(LanguageModel, Prefix(EncodeAudio(waveforms), EncodeText(ids, mask)), beams, maxTokens);
    }

    /// <summary>Classifies by log-likelihood, one of the original's two ways: how likely the answer to the question is each label.</summary>
    /// <param name="waveforms">See <see cref="EncodeAudio"/>.</param>
    /// <param name="ids">See <see cref="EncodeText"/>.</param>
    /// <param name="mask">See <see cref="EncodeText"/>.</param>
    /// <param name="labels">GPT-2 tokens of the labels.</param>
    /// <param name="options">How; not by mutual information, since there is no prefix without audio.</param>
    /// <param name="cancel">Ends the call between two steps.</param>
    public RankingResult Rank(Tensor waveforms, Tensor ids, Tensor? mask, CandidateTrie labels, RankingOptions? options = null,
        CancellationToken cancel = default)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var prefix = Prefix(EncodeAudio(waveforms), EncodeText(ids, mask));
        return VocabularyRanking.Rank(LanguageModel, prefix, ones([prefix.shape[0], prefix.shape[1]], dtype: ScalarType.Bool, device: prefix.device), labels,
            options, cancel: cancel);
    }

    /// <summary>Classifies by text matching, the other way: cosines of the embeddings of generated answers and of labels, (answers, labels). The highest
    /// wins.</summary>
    /// <param name="answers">CLIP tokens of the answers' texts, and their mask; see <see cref="EncodeText"/>.</param>
    /// <param name="labels">CLIP tokens of the labels, and their mask.</param>
    public float[,] MatchTexts((Tensor Ids, Tensor? Mask) answers, (Tensor Ids, Tensor? Mask) labels)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var (said, named) = (Unit(answers), Unit(labels)); // (A, E), (L, E)
        float[] cosines = said.matmul(named.t()).to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray();
        var result = new float[said.shape[0], named.shape[0]];
        Buffer.BlockCopy(cosines, 0, result, 0, cosines.Length * sizeof(float));
        return result;

        Tensor Unit((Tensor Ids, Tensor? Mask) texts) => nn.functional.normalize(EncodeText(texts.Ids, texts.Mask), dim: -1);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        audio.Dispose();
        text.Dispose();
        audioPrefix.Dispose();
        textPrefix.Dispose();
        LanguageModel.Dispose();
    }

    /// <summary>Answers with a text behind the prefix that GPT-2 goes on with: the paper's additional text input (appendix A).</summary>
    /// <param name="sounds">Of <see cref="Encoder"/>.</param>
    /// <param name="instructions">What is asked about each sound, or one about all; the paper has found sense with "generate metadata" alone.</param>
    /// <param name="additionalText">What the answer begins with; it is not part of what is returned.</param>
    /// <param name="options">How the answer is searched for; null as <see cref="Search"/>.</param>
    /// <param name="cancel">Ends the call between two tokens.</param>
    public IReadOnlyList<string> Answer(AudioEncoding sounds, IReadOnlyList<string> instructions, string additionalText, GenerationOptions? options = null,
        CancellationToken cancel = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(additionalText);
        foreach (string instruction in instructions) this.CheckRead(instruction);
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var (prefix, mask) = Prompt(sounds, instructions);
        long[] ids = [.. Known.Answer.Encode(additionalText, addSpecialTokens: false).Select(id => (long)id)];
        var begun = LanguageModel.Embed(tensor(ids, device: LanguageModel.Device).unsqueeze(0)).expand(prefix.shape[0], -1, -1); // (B, L, D)
        options ??= Search;
        var generated = TextGenerator.Generate(LanguageModel, cat([prefix, begun], 1),
            cat([mask, ones([prefix.shape[0], ids.Length], dtype: ScalarType.Bool, device: mask.device)], 1), options, Known.Answer, cancel);
        return [.. generated.Select(answers => answers[0].Text(Known.Answer, options.StopStrings).Trim())];
    }

    /// <summary>What the prefix says: of each of its vectors the word of GPT-2 whose embedding is nearest by cosine (appendix B).</summary>
    /// <param name="sounds">Of <see cref="Encoder"/>.</param>
    /// <param name="instruction">What is asked about all of them.</param>
    /// <returns>Of each sound 2P words, the audio's half first.</returns>
    public IReadOnlyList<IReadOnlyList<string>> InterpretPrefix(AudioEncoding sounds, string instruction)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var (prefix, _) = Prompt(sounds, [instruction]);
        var words = nn.functional.normalize(LanguageModel.Embed(Filling.Indices(Known.Answer.VocabularySize, device: LanguageModel.Device)), dim: -1); // (V, D)
        long[] nearest = Cpu.Longs(nn.functional.normalize(prefix, dim: -1).matmul(words.t()).argmax(-1));
        return [.. nearest.Chunk((int)prefix.shape[1]).Select(row => (IReadOnlyList<string>)[.. row.Select(id => Known.Answer.Decode([(int)id]))])];
    }

    /// <summary>Writes a whole folder in the layout of the one that it was loaded from, its folders 'clip' and 'gpt2' copied.</summary>
    /// <param name="folder">Made where it does not exist; another than the original.</param>
    /// <param name="original">The folder that it was loaded from.</param>
    public void Save(string folder, string original)
    {
        using (var checkpoint = CheckpointFolder.Open(original)) CheckpointWriter.WriteLike(folder, checkpoint, Parts);
        foreach (string part in (string[])["clip", "gpt2"])
        {
            if (!Directory.Exists(Path.Combine(original, part))) continue;
            Directory.CreateDirectory(Path.Combine(folder, part));
            foreach (string file in ModelFolder.Names(Path.Combine(original, part)))
                AtomicFile.Copy(Path.Combine(original, part, file), Path.Combine(folder, part, file));
        }
    }

    internal PengiAudioEncoder Audio => audio;

    internal PengiTextEncoder Text => text;

    /// <summary>m1 and m2.</summary>
    internal (MappingNetwork Audio, MappingNetwork Text) Mappings => (audioPrefix, textPrefix);

    /// <summary>Its spectrograms as frames, (B, T, mel bins): what training hears that moves the audio encoder too. It stays this model's.</summary>
    public IAudioEncoder Spectrograms => new PengiSpectrograms(this);

    private sealed class PengiSpectrograms(Pengi pengi) : IAudioEncoder
    {
        public int SampleRate => Ear;
        public int HiddenSize => (int)pengi.Config.HtsAt.MelBins;
        public long MinimumSamples => pengi.Config.WindowSize;
        public Device Device => pengi.LanguageModel.Device;

        // Clip by clip: the mirrored end of a spectrogram is the clip's own.
        public AudioEncoding Encode(Tensor waveforms, Tensor lengths)
        {
            using var guard = no_grad();
            using var scope = NewDisposeScope();
            long[] samples = Cpu.Longs(lengths);
            Tensor[] clips = [.. samples.Select((length, row) => pengi.audio.LogMel(waveforms.narrow(0, row, 1).narrow(1, 0, length)).squeeze(1))]; // (1, T, F)
            long longest = clips.Max(clip => clip.shape[1]);
            var frames = cat([.. clips.Select(clip => nn.functional.pad(clip, [0, 0, 0, longest - clip.shape[1]]))], 0);
            var real = new bool[clips.Length, longest];
            for (int row = 0; row < clips.Length; row++)
            {
                for (int frame = 0; frame < clips[row].shape[1]; frame++) real[row, frame] = true;
            }
            return new AudioEncoding(frames.MoveToOuterDisposeScope(), tensor(real, device: Device).MoveToOuterDisposeScope());
        }

        public void Dispose()
        {
            // The kernels are Pengi's.
        }
    }

    private const int Ear = 44_100;

    private sealed class PengiEar(Pengi pengi) : IAudioEncoder
    {
        public int SampleRate => Ear;
        public int HiddenSize => pengi.FrameWidth;
        public Device Device => pengi.LanguageModel.Device;

        // Clip by clip: padding would be heard, and a clip's answer must not depend on the others'.
        public AudioEncoding Encode(Tensor waveforms, Tensor lengths)
        {
            using var scope = NewDisposeScope();
            long[] samples = Cpu.Longs(lengths);
            var embeddings = samples.Select((length, row) => pengi.EncodeAudio(waveforms.narrow(0, row, 1).narrow(1, 0, length))).ToList(); // (1, E) each
            return new AudioEncoding(stack(embeddings).MoveToOuterDisposeScope(),                                                          // (B, 1, E)
                ones([samples.Length, 1], dtype: ScalarType.Bool, device: Device).MoveToOuterDisposeScope());
        }

        public void Dispose()
        {
            // The tower is Pengi's.
        }
    }
}
