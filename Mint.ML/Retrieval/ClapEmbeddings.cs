using Mint.ML.Audio;
using Mint.ML.Checkpoints;
using Mint.ML.Encoders;
using Mint.ML.Generation;
using Mint.ML.Text;
using static TorchSharp.torch;

namespace Mint.ML.Retrieval;

/// <summary>A CLAP with its front end and its tokenizer: clips and texts as unit vectors of one space, without any training here.</summary>
/// <remarks>
/// A clip longer than the model hears at once (10 s) is cut into windows that cover it; its vector is the mean of theirs, of length 1 again. A fused CLAP
/// hears long clips by crops of its own.
/// </remarks>
public sealed class ClapEmbeddings : IAudioTextEmbeddings, IDisposable
{
    private const int MaxTextTokens = 77; // laion's own limit

    private readonly Clap clap;
    private readonly ClapFrontEnd frontEnd;
    private readonly TextTokenizer tokenizer;
    private readonly int longestText;

    private ClapEmbeddings(Clap clap, ClapFrontEnd frontEnd, TextTokenizer tokenizer)
    {
        (this.clap, this.frontEnd, this.tokenizer) = (clap, frontEnd, tokenizer);
        // RoBERTa's positions begin behind the pad token's.
        longestText = (int)Math.Min(MaxTextTokens, clap.Text.Config.Positions - clap.Text.Config.FirstPosition);
    }

    /// <summary>Loads a Hugging Face folder with the tokenizer, and the front end's settings from preprocessor_config.json or
    /// processor_config.json where it has one.</summary>
    /// <param name="folder">For instance laion/clap-htsat-unfused.</param>
    /// <param name="device">The CPU when null.</param>
    /// <exception cref="InvalidDataException">The folder's files are broken.</exception>
    /// <exception cref="WeightMismatchException">The weights are not a CLAP's.</exception>
    public static ClapEmbeddings Load(string folder, Device? device = null)
    {
        var options = FrontEndFile.Read(folder, ClapFrontEndOptions.FromJson) ?? new();
        var tokenizer = TextTokenizer.Load(folder);
        var clap = Clap.Load(folder, device: device);
        try
        {
            if (clap.Audio.Config.MelBins != options.Spectrogram.MelBins)
            {
                throw new InvalidDataException($"{folder}: the front end makes {options.Spectrogram.MelBins} mel bins, the tower takes "
                    + $"{clap.Audio.Config.MelBins}.");
            }
            return new(clap, new ClapFrontEnd(options with { Fusion = clap.Audio.Config.Fusion }, device), tokenizer);
        }
        catch
        {
            clap.Dispose();
            throw;
        }
    }

    /// <summary>Numbers P of a vector: 512 for laion's.</summary>
    public int Width => clap.Width;

    /// <inheritdoc/>
    int IAudioTextEmbeddings.VectorsPerClip => 1;

    /// <summary>One over CLAP's learned scale of logits.</summary>
    public float Temperature => (float)(1 / clap.AudioScale);

    /// <summary>Its ear: one frame a clip, the clip's unit vector, (B, 1, P). It stays this object's.</summary>
    public IAudioEncoder Encoder => new ClapEar(this);

    /// <summary>Samples per second that it hears, in Hz: 48,000 for laion's.</summary>
    public int SampleRate => frontEnd.Options.Spectrogram.SampleRate;

    /// <summary>Unit vectors of clips, of any rate and length, each (P).</summary>
    public IReadOnlyList<float[]> Clips(IReadOnlyList<AudioClip> clips)
    {
        var windows = clips.Select(Windows).ToArray();
        float[][] vectors = Encode([.. windows.SelectMany(some => some)]);
        var means = new float[clips.Count][];
        for (int clip = 0, first = 0; clip < means.Length; first += windows[clip++].Count)
            means[clip] = windows[clip].Count == 1 ? vectors[first] : Mean(vectors.AsSpan(first, windows[clip].Count));
        return means;
    }

    /// <summary>Unit vectors of texts, each (P).</summary>
    public IReadOnlyList<float[]> Texts(IReadOnlyList<string> texts)
    {
        if (texts.Count == 0) return [];
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var (ids, mask) = TextTensors.Encode(tokenizer, texts, longestText, clap.Audio.Device);
        return Rows(clap.EncodeText(ids, mask));
    }

    /// <inheritdoc/>
    public int UnreadTokens(string text) => Math.Max(0, tokenizer.Encode(text).Length - longestText);

    // What the ear makes of a clip is its vector already.
    IReadOnlyList<float[,]> IAudioTextEmbeddings.Clips(AudioEncoding audio)
    {
        using var scope = NewDisposeScope();
        return [.. Rows(audio.Frames.squeeze(1)).Select(vector => BridgeEmbeddings.Vectors(vector, Width))];
    }

    IReadOnlyList<float[,]> IAudioTextEmbeddings.Texts(IReadOnlyList<string> texts) =>
        [.. Texts(texts).Select(vector => BridgeEmbeddings.Vectors(vector, Width))];

    /// <inheritdoc/>
    public void Dispose()
    {
        frontEnd.Dispose();
        clap.Dispose();
    }

    private List<float[]> Windows(AudioClip clip)
    {
        float[] samples = clip.Resample(SampleRate).Samples;
        if (clap.Audio.Config.Fusion || samples.Length <= frontEnd.Options.MaxSamples) return [samples];
        return [.. AudioWindows.Cover(samples.Length, frontEnd.Options.MaxSamples, overlap: 0).Select(window => samples[window.Start..window.End])];
    }

    private float[][] Encode(IReadOnlyList<float[]> windows)
    {
        if (windows.Count == 0) return [];
        int longest = windows.Max(window => window.Length);
        var padded = new float[(long)windows.Count * longest];
        for (int row = 0; row < windows.Count; row++) windows[row].CopyTo(padded, (long)row * longest);
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var waveforms = tensor(padded, [windows.Count, longest]).to(clap.Audio.Device);                              // (B, samples)
        var lengths = tensor(windows.Select(window => (long)window.Length).ToArray()).to(clap.Audio.Device);         // (B)
        using var input = frontEnd.Compute(waveforms, lengths);
        return Rows(clap.EncodeAudio(input.Mel, input.IsLonger));
    }

    private static float[] Mean(ReadOnlySpan<float[]> vectors)
    {
        var sum = new double[vectors[0].Length];
        foreach (float[] vector in vectors)
            for (int i = 0; i < sum.Length; i++) sum[i] += vector[i];
        double length = Math.Sqrt(sum.Sum(x => x * x));
        return [.. sum.Select(x => (float)(x / length))];
    }

    private static float[][] Rows(Tensor vectors) // (B, P)
    {
        float[] numbers = [.. vectors.to(ScalarType.Float32).cpu().contiguous().data<float>()];
        return [.. numbers.Chunk((int)vectors.shape[1])];
    }

    private sealed class ClapEar(ClapEmbeddings clap) : IAudioEncoder
    {
        public int SampleRate => clap.SampleRate;
        public int HiddenSize => clap.Width;
        public Device Device => clap.clap.Audio.Device;

        public AudioEncoding Encode(Tensor waveforms, Tensor lengths)
        {
            using var scope = NewDisposeScope();
            long[] samples = Cpu.Longs(lengths);
            var rows = waveforms.to(ScalarType.Float32).cpu();
            float[][] vectors = [.. clap.Clips([.. samples.Select((length, row) =>
                new AudioClip([.. rows.select(0, row).narrow(0, 0, length).contiguous().data<float>()], SampleRate))])];
            return new AudioEncoding(
                tensor([.. vectors.SelectMany(vector => vector)], [vectors.Length, 1, HiddenSize], device: Device).MoveToOuterDisposeScope(),
                ones([vectors.Length, 1], dtype: ScalarType.Bool, device: Device).MoveToOuterDisposeScope());
        }

        public void Dispose()
        {
            // The towers are the CLAP's.
        }
    }
}
