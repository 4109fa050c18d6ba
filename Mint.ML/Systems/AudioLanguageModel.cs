using Mint.ML.Audio;
using Mint.ML.Bridges;
using Mint.ML.Encoders;
using Mint.ML.Generation;
using Mint.ML.ModelFiles;
using Mint.ML.Retrieval;

namespace Mint.ML.Systems;

/// <summary>Sound in, text out: an encoder that hears, and a system that answers (<see cref="IAudioLanguageModel"/>), or a bridge that compares, or
/// both.</summary>
/// <example>
/// <code>
/// using var model = AudioLanguageModel.Load("mint.zip");
/// Console.WriteLine(model.Caption("dog.wav"));
/// Console.WriteLine(model.Ask("dog.wav", "Is there a dog?"));
/// Console.WriteLine(model.Rank("dog.wav", ["dog", "cat", "rain"])[0]);
/// </code>
/// </example>
/// <remarks>
/// Recordings longer than <see cref="LongAudioOptions.WindowSeconds"/> are heard in windows, and the windows' answers put together (<see cref="LongAudio"/>).
/// Several threads may call it at once: nothing in its parts changes when they answer. The model owns its parts.
/// </remarks>
public sealed partial class AudioLanguageModel : IDisposable
{
    /// <summary>Windows of a long recording that are heard at once: as many as fill a CPU's cores and stay small in memory.</summary>
    private const int Batch = 16;

    private readonly FrozenFolder? encoderFolder;
    private readonly TrainedBridge? bridge;
    private readonly TunedModel? tuned;
    private readonly IAudioLanguageModel? system;
    private readonly KnownModel? published;
    private readonly IDisposable? owned;
    private readonly InUse use;

    /// <summary>A model of parts that were loaded or trained elsewhere.</summary>
    /// <param name="encoder">What hears.</param>
    /// <param name="system">What answers; it takes this encoder's frames.</param>
    /// <exception cref="ArgumentException">The encoder's frames are not as wide as the system's.</exception>
    public AudioLanguageModel(IAudioEncoder encoder, IAudioLanguageModel system)
        : this(encoder, null, null, null, system ?? throw new ArgumentNullException(nameof(system)))
    {
    }

    private AudioLanguageModel(KnownModel published, WholeSystem whole) : this(whole.Encoder, null, null, null, whole.Model)
    {
        (this.published, owned, Embeddings, Defaults) = (published, whole.Owned, whole.Embeddings, published.Defaults);
    }

    private AudioLanguageModel(IAudioEncoder encoder, FrozenFolder? encoderFolder, TrainedBridge? bridge, TunedModel? tuned, IAudioLanguageModel? system)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        foreach (int width in new[] { bridge?.FrameWidth, (system ?? tuned?.Model)?.FrameWidth }.OfType<int>())
        {
            if (width != encoder.HiddenSize)
            {
                throw new ArgumentException($"The encoder's frames are {encoder.HiddenSize} wide; what hears them was trained on frames {width} wide.",
                    nameof(encoder));
            }
        }
        use = new InUse(nameof(AudioLanguageModel), DisposeParts);
        (Encoder, this.encoderFolder, this.bridge, this.tuned, this.system) = (encoder, encoderFolder, bridge, tuned, system ?? tuned?.Model);
        Embeddings = bridge?.Embeddings;
    }

    /// <summary>The frozen encoder.</summary>
    public IAudioEncoder Encoder { get; }

    /// <summary>What answers; null for a model of stage 1 alone, which compares sound with text.</summary>
    public IAudioLanguageModel? System => system;

    /// <summary>Vectors of sounds and texts; null where the system has none. Pengi's are those of the captions that it says (<see
    /// cref="CaptionEmbeddings"/>).</summary>
    public IAudioTextEmbeddings? Embeddings { get; }

    /// <summary>What it can be asked for.</summary>
    public SystemCapabilities Capabilities => published is not null
        ? published.Capabilities | (Embeddings is BridgeEmbeddings ? SystemCapabilities.Embeddings : SystemCapabilities.None) // an APT's folder may have them
        : (system is null ? SystemCapabilities.RankedLabels | SystemCapabilities.Tagging : SystemCapabilities.Answers | SystemCapabilities.RankedLabels
            | SystemCapabilities.Tagging) | (Embeddings is null ? SystemCapabilities.None : SystemCapabilities.Embeddings);

    /// <summary>What is asked, and how it is searched for, where a call does not say: what the saved pipeline did, or the paper's instructions.</summary>
    public AnswerDefaults Defaults { get; init; } = new();

    /// <summary>The same model, asked otherwise where a call does not say; it takes this one's parts over.</summary>
    private AudioLanguageModel Asked(AnswerDefaults defaults) =>
        new(published!, new WholeSystem(Encoder, system, Embeddings, owned)) { Defaults = defaults };

    /// <summary>How long recordings are heard.</summary>
    public LongAudioOptions Windows { get; init; } = new();

    /// <summary>What becomes of sound that is damaged, or shorter than the encoder needs. By default a damaged file is an error, and silence follows a short
    /// clip; <see cref="Hear"/> tells what became of it.</summary>
    public HearingOptions Hearing { get; init; } = HearingOptions.Default;

    /// <summary>Reads a sound file as this model hears it: at its encoder's rate, as <see cref="Hearing"/> says. What was silent, damaged, out of phase or too
    /// short stands in <see cref="AudioClip.Notes"/>, a sentence each; the clip then goes into <see cref="Caption(AudioClip, GenerationOptions?,
    /// CancellationToken)"/> and the other calls about sound in memory. Those about files hear the same, and do not tell.</summary>
    /// <param name="file">Any sound file.</param>
    /// <exception cref="AudioFormatException">The file cannot be read; the message names it.</exception>
    /// <exception cref="SoundNotEncodableException">It is shorter than the encoder needs, and such sound is refused; the message names it.</exception>
    public AudioClip Hear(string file)
    {
        ArgumentNullException.ThrowIfNull(file);
        var clip = AudioFile.Read(file, AudioReadOptions.Default with { SampleRate = Encoder.SampleRate, Damaged = Hearing.Damaged });
        try
        {
            return Encoder.Fit(clip, Hearing.Short);
        }
        catch (SoundNotEncodableException refused)
        {
            throw new SoundNotEncodableException($"{file}: {refused.Message}.", refused);
        }
    }

    /// <summary>Says what a sound file sounds like.</summary>
    /// <param name="file">Any sound file; <see cref="Hear"/> says what is odd about it.</param>
    /// <param name="options">How the caption is searched for; null as <see cref="Defaults"/> say.</param>
    /// <param name="cancel">Ends the call between two tokens.</param>
    /// <exception cref="AudioFormatException">The file cannot be read; the message names it.</exception>
    /// <exception cref="NotSupportedException">The model does not answer in words.</exception>
    public string Caption(string file, GenerationOptions? options = null, CancellationToken cancel = default) =>
        Ask(file, Defaults.CaptionInstruction, options, cancel);

    /// <summary>The same about sound in memory.</summary>
    /// <param name="clip">The sound.</param>
    /// <param name="options">See the other form.</param>
    /// <param name="cancel">Ends the call between two tokens.</param>
    public string Caption(AudioClip clip, GenerationOptions? options = null, CancellationToken cancel = default) =>
        Ask(clip, Defaults.CaptionInstruction, options, cancel);

    /// <summary>Answers a question about a sound file.</summary>
    /// <param name="file">Any sound file.</param>
    /// <param name="question">What is asked, as the model was tuned to be asked.</param>
    /// <param name="options">How the answer is searched for; null as <see cref="Defaults"/> say.</param>
    /// <param name="cancel">Ends the call between two tokens.</param>
    /// <exception cref="AudioFormatException">The file cannot be read; the message names it.</exception>
    /// <exception cref="NotSupportedException">The model does not answer in words.</exception>
    public string Ask(string file, string question, GenerationOptions? options = null, CancellationToken cancel = default) =>
        Ask(Hear(file), question, options, cancel);

    /// <summary>The same about sound in memory.</summary>
    /// <param name="clip">The sound.</param>
    /// <param name="question">What is asked.</param>
    /// <param name="options">See the other form.</param>
    /// <param name="cancel">Ends the call between two tokens.</param>
    public string Ask(AudioClip clip, string question, GenerationOptions? options = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(question);
        Answering().CheckRead(question); // before the sound is divided and heard
        var divided = Divide(clip, out var windows);
        return divided.Merge([.. windows.Chunk(Batch).SelectMany(some => Answer(some, question, options, cancel))]);
    }

    /// <summary>Answers a further question about a sound file: what was asked and answered before stands in the prompt.</summary>
    /// <param name="file">A sound file.</param>
    /// <param name="before">Questions and answers so far, in their order.</param>
    /// <param name="question">The question.</param>
    /// <param name="options">How the answer is searched for; null as <see cref="Defaults"/> say.</param>
    /// <param name="cancel">Ends the call between two tokens.</param>
    /// <exception cref="NotSupportedException">The model answers single questions alone; MusiLingo converses.</exception>
    public string Converse(string file, IReadOnlyList<(string Question, string Answer)> before, string question, GenerationOptions? options = null,
        CancellationToken cancel = default) => Ask(file, Continuing(before, question), options, cancel);

    /// <summary>A further question of a conversation, as an instruction: what was asked and answered before stands in it.</summary>
    /// <param name="before">Questions and answers so far, in their order.</param>
    /// <param name="question">The question.</param>
    /// <exception cref="NotSupportedException">The model answers single questions alone; MusiLingo converses.</exception>
    public string Continuing(IReadOnlyList<(string Question, string Answer)> before, string question) => Answering() is MusiLingo
        ? MusiLingo.Continue(before, question)
        : throw new NotSupportedException($"{published?.Name ?? "This model"} answers single questions and holds no conversation; MusiLingo does.");

    /// <summary>Answers about several clips, each heard as one, with a text that the answer goes on from: Pengi's additional text input (appendix A).</summary>
    /// <param name="clips">The clips.</param>
    /// <param name="instruction">What is asked about each.</param>
    /// <param name="begun">What the answer begins with; not part of what is returned.</param>
    /// <param name="options">How the answers are searched for; null as <see cref="Defaults"/> say.</param>
    /// <param name="cancel">Ends the call between two tokens.</param>
    /// <exception cref="NotSupportedException">The model is no Pengi.</exception>
    public IReadOnlyList<string> GoOn(IReadOnlyList<AudioClip> clips, string instruction, string begun, GenerationOptions? options = null,
        CancellationToken cancel = default)
    {
        using var work = use.Enter();
        var pengi = AsPengi("takes no text that its answer goes on from");
        using var sounds = Encoder.Encode(clips);
        return pengi.Answer(sounds, [instruction], begun, options ?? Defaults.Generation, cancel);
    }

    /// <summary>What the prefix of a clip says, heard as one: of each of its vectors the word that is nearest to it (Pengi's appendix B).</summary>
    /// <param name="clip">The clip.</param>
    /// <param name="instruction">What is asked; null as for captions.</param>
    /// <returns>The audio's words, then the instruction's.</returns>
    /// <exception cref="NotSupportedException">The model is no Pengi.</exception>
    public IReadOnlyList<string> InterpretPrefix(AudioClip clip, string? instruction = null)
    {
        using var work = use.Enter();
        var pengi = AsPengi("has no prefix that can be told in words");
        using var sounds = Encoder.Encode([clip]);
        return pengi.InterpretPrefix(sounds, instruction ?? Defaults.CaptionInstruction)[0];
    }

    private Pengi AsPengi(string lack) => system as Pengi
        ?? throw new NotSupportedException($"{published?.Name ?? "This model"} {lack}; Pengi does.");

    /// <summary>Answers one instruction about several clips at once, each heard as one.</summary>
    /// <param name="clips">The clips; they go through encoder and language model together.</param>
    /// <param name="instruction">What is asked about each.</param>
    /// <param name="options">How the answers are searched for; null as <see cref="Defaults"/> say.</param>
    /// <param name="cancel">Ends the call between two tokens.</param>
    public IReadOnlyList<string> Answer(IReadOnlyList<AudioClip> clips, string instruction, GenerationOptions? options = null,
        CancellationToken cancel = default) => Answer(clips, [instruction], options, cancel);

    /// <summary>Answers an instruction about each of several clips at once, each heard as one.</summary>
    /// <param name="clips">The clips; they go through encoder and language model together.</param>
    /// <param name="instructions">What is asked about each, or one about all.</param>
    /// <param name="options">How the answers are searched for; null as <see cref="Defaults"/> say.</param>
    /// <param name="cancel">Ends the call between two tokens.</param>
    public IReadOnlyList<string> Answer(IReadOnlyList<AudioClip> clips, IReadOnlyList<string> instructions, GenerationOptions? options = null,
        CancellationToken cancel = default)
    {
        using var work = use.Enter();
        var answering = Answering();
        if (instructions.Count != 1 && instructions.Count != clips.Count)
            throw new ArgumentException($"There are {instructions.Count} instructions for {clips.Count} clips: give one for each, or one for all.");
        using var sounds = Encoder.Encode(clips);
        return answering.Answer(sounds, instructions, options ?? Defaults.Generation, cancel);
    }

    /// <summary>Ranks labels for a sound file, none of which the model need have been trained on.</summary>
    /// <param name="file">Any sound file.</param>
    /// <param name="labels">At least two different texts.</param>
    /// <param name="instruction">What the labels are an answer to; null as <see cref="Defaults"/> say.</param>
    /// <param name="options">What ranks; null as <see cref="Defaults"/> say.</param>
    /// <param name="cancel">Ends the call between two steps.</param>
    /// <returns>Every label, the likeliest first, and which of them is the answer: none where the model does not know.</returns>
    public LabelRanking Rank(string file, IReadOnlyList<string> labels, string? instruction = null, RankingOptions? options = null,
        CancellationToken cancel = default) =>
        Rank(Hear(file), labels, instruction, options, cancel);

    /// <summary>The same about sound in memory.</summary>
    /// <param name="clip">The sound.</param>
    /// <param name="labels">At least two different texts.</param>
    /// <param name="instruction">What the labels are an answer to.</param>
    /// <param name="options">What ranks.</param>
    /// <param name="cancel">Ends the call between two steps.</param>
    public LabelRanking Rank(AudioClip clip, IReadOnlyList<string> labels, string? instruction = null, RankingOptions? options = null,
        CancellationToken cancel = default)
    {
        options ??= Defaults.Ranking;
        var scorer = Scorer(labels, instruction, options);
        var divided = Divide(clip, out var windows);
        HeardLabels[] heard = [.. windows.Chunk(Batch).SelectMany(some => Score(scorer, some, cancel))];
        return new LabelRanking(labels, HeardLabels.Merge(divided, heard, options), options);
    }

    /// <summary>How familiar a sound is to the encoder, from 0 to 1: the highest score of the encoder's own classes in any second. It tells better than the
    /// probabilities of labels whether anything can be told (<see cref="RankingOptions.UnfamiliarBelow"/>).</summary>
    /// <param name="clip">The sound.</param>
    /// <exception cref="NotSupportedException">The encoder has no classes of its own.</exception>
    public double Familiarity(AudioClip clip)
    {
        using var work = use.Enter();
        if (Encoder.Classes == 0) throw new NotSupportedException($"{Encoder.GetType().Name} has no classes of its own.");
        Divide(clip, out var windows);
        return windows.Chunk(Batch).Max(some =>
        {
            using var sounds = Encoder.Encode(some);
            return sounds.Familiarity().Max()!.Value;
        });
    }

    /// <summary>What ranks labels over many sounds: by the language model where there is one and <see cref="Defaults"/> do not say otherwise, else by
    /// similarity.</summary>
    /// <param name="labels">At least two different texts.</param>
    /// <param name="instruction">What the labels are an answer to; null as <see cref="Defaults"/> say.</param>
    /// <param name="options">What ranks; null as <see cref="Defaults"/> say.</param>
    /// <param name="bySimilarity">True compares embeddings although there is a language model; null as <see cref="Defaults"/> say.</param>
    public LabelScorer Scorer(IReadOnlyList<string> labels, string? instruction = null, RankingOptions? options = null, bool? bySimilarity = null)
    {
        using var work = use.Enter();
        instruction ??= Defaults.LabelInstruction;
        options ??= Defaults.Ranking;
        options.CheckFamiliarity(Encoder);
        if (system is not null && !(bySimilarity ?? Defaults.BySimilarity)) return new RankingLabelScorer(system, labels, instruction, options);
        // Of its own two ways, the second: what Pengi or APT says is compared with the labels.
        return system is Pengi pengi ? new TextMatchingLabelScorer(pengi, labels, instruction, options)
            : system is Apt ? new TextMatchingLabelScorer(system, Comparing().Texts, Defaults.Generation, labels, instruction, options)
            : new SimilarityLabelScorer(Comparing(), labels, instruction, options);
    }

    /// <summary>Unit vectors of a sound file, (vectors, E): one a query and window. A text fits it as well as the nearest of them.</summary>
    /// <exception cref="NotSupportedException">The model has no embeddings.</exception>
    public float[,] Embed(string file) => Embed(Hear(file));

    /// <inheritdoc cref="Embed(string)"/>
    public float[,] Embed(AudioClip clip)
    {
        ArgumentNullException.ThrowIfNull(clip);
        return Vectors(clip, Windows);
    }

    /// <summary>All vectors of all windows of a recording, (vectors, E).</summary>
    internal float[,] Vectors(AudioClip recording, LongAudioOptions windows)
    {
        int width = Comparing().Width;
        recording = Encoder.Fit(recording, Hearing.Short);
        var parts = LongAudio.Divide(recording.Samples.Length, recording.SampleRate, windows).Cut(recording);
        return BridgeEmbeddings.Vectors([.. parts.Chunk(Batch).SelectMany(Vectors).SelectMany(vectors => vectors.Cast<float>())], width);
    }

    /// <summary>The unit vector of a text, (1, E).</summary>
    /// <exception cref="NotSupportedException">The model has no embeddings.</exception>
    /// <exception cref="ArgumentException">The text is longer than it reads.</exception>
    public float[,] EmbedText(string text)
    {
        using var work = use.Enter();
        Comparing().CheckRead(text);
        return Comparing().Texts([text])[0];
    }

    /// <summary>Where a bridge's queries listen in a sound file, heard as one: (blocks with cross-attention, Q, T), weights averaged over heads.</summary>
    /// <param name="file">Any sound file.</param>
    /// <param name="instruction">Of the tuned bridge, which knows what is asked; null for the bridge of stage 1, where there is one.</param>
    /// <exception cref="NotSupportedException">The system has no queries.</exception>
    public float[,,] QueryAttention(string file, string? instruction = null)
    {
        using var work = use.Enter();
        using var sound = Encoder.Encode([Hear(file)]);
        if (bridge is not null && instruction is null) return ListeningMap.ForSound(bridge.Bridge, sound);
        return system is MintModel mint ? mint.QueryAttention(sound, instruction ?? "")
            : throw new NotSupportedException("This system has no queries that listen.");
    }

    /// <summary>Probabilities of labels for several clips at once, each heard as one.</summary>
    internal HeardLabels[] Score(LabelScorer scorer, IReadOnlyList<AudioClip> clips, CancellationToken cancel)
    {
        using var work = use.Enter();
        using var sounds = Encoder.Encode(clips);
        return [.. scorer.Score(sounds, cancel).Zip(sounds.Familiarity(), (probabilities, familiarity) => new HeardLabels(probabilities, familiarity))];
    }

    /// <summary>Vectors of several clips at once, each heard as one.</summary>
    internal IReadOnlyList<float[,]> Vectors(IReadOnlyList<AudioClip> clips)
    {
        using var work = use.Enter();
        using var sounds = Encoder.Encode(clips);
        return Comparing().Clips(sounds);
    }

    /// <summary>What answers (<see cref="System"/>), or an error that says what is missing.</summary>
    /// <exception cref="NotSupportedException">Nothing answers in words.</exception>
    public IAudioLanguageModel Answering() => system ?? throw new NotSupportedException(published is not null
        ? $"{published.Name} compares sound with text and does not answer in words: ask it to rank labels or to search." :
        "This model holds stage 1 alone, which compares sound with text and does not answer in words; tune one by ./mint tune or Trainers.InstructionTuning.");

    /// <summary>What compares sound with text, or an error that says what is missing.</summary>
    /// <exception cref="NotSupportedException">Nothing does.</exception>
    public IAudioTextEmbeddings Comparing() => Embeddings ?? throw new NotSupportedException(published is not null
        ? $"{published.Name} has no embeddings: {published.Incomparable}." :
        "This model has no embeddings: it holds no bridge of stage 1, by which sounds and texts are compared; make one by ./mint pretrain or "
            + "Trainers.BridgeNet.");

    private LongAudio Divide(AudioClip clip, out AudioClip[] windows)
    {
        ArgumentNullException.ThrowIfNull(clip);
        clip = Encoder.Fit(clip, Hearing.Short);
        var divided = LongAudio.Divide(clip.Samples.Length, clip.SampleRate, Windows);
        windows = [.. divided.Cut(clip)];
        return divided;
    }

    /// <summary>Disposes of the parts, once a call that another thread is in has ended; its next one is an <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose() => use.Close();

    private void DisposeParts()
    {
        bridge?.Dispose();
        system?.Dispose();
        Encoder.Dispose();
        owned?.Dispose();
    }
}
