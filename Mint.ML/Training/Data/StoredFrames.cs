using System.Runtime.InteropServices;
using Mint.ML.Encoders;
using static TorchSharp.torch;

namespace Mint.ML.Training.Data;

/// <summary>Frames of clips that are entries of a <see cref="FrameStore"/>: memory holds their keys, and a batch's frames while it is trained on.</summary>
public sealed class StoredFrames : IFrameSource
{
    private readonly FrameStore store;
    private readonly IReadOnlyList<string> keys, names;
    private readonly Action<int>? again;
    private readonly long[] frames;

    /// <summary>Looks at the entries' headers.</summary>
    /// <param name="store">Where they are.</param>
    /// <param name="keys">One a clip; at least one.</param>
    /// <param name="names">What messages call each clip.</param>
    /// <param name="again">Writes the entry of a clip anew, one that was damaged or is gone; null where nothing can.</param>
    /// <exception cref="InvalidDataException">There is no such entry, or their frames are not of one width.</exception>
    public StoredFrames(FrameStore store, IReadOnlyList<string> keys, IReadOnlyList<string> names, Action<int>? again = null)
    {
        if (keys.Count == 0) throw new ArgumentException("There are no clips.", nameof(keys));
        (this.store, this.keys, this.names, this.again, frames) = (store, keys, names, again, new long[keys.Count]);
        for (int clip = 0; clip < keys.Count; clip++)
        {
            (frames[clip], int width) = store.Shape(keys[clip]) ?? throw Gone(clip);
            if (clip == 0)
            {
                HiddenSize = width;
            }
            else if (width != HiddenSize)
            {
                throw new InvalidDataException($"{store.PathOf(keys[clip])}, the cache's entry of {names[clip]}, has frames {width} wide, and the others "
                    + $"{HiddenSize}: an encoder hash stands for two encoders. Delete the cache {store.Folder}.");
            }
        }
    }

    /// <inheritdoc/>
    public int Count => keys.Count;

    /// <inheritdoc/>
    public int HiddenSize { get; }

    /// <inheritdoc/>
    public string Identity => RunFolder.Hash(keys);

    /// <inheritdoc/>
    public long Frames(int clip) => frames[clip];

    /// <inheritdoc/>
    public string Name(int clip) => names[clip];

    /// <inheritdoc/>
    /// <exception cref="InvalidDataException">An entry is damaged or gone and cannot be made again as it was, or holds a number that is not finite.</exception>
    public AudioEncoding Read(IReadOnlyList<int> clips)
    {
        long longest = clips.Max(Frames);
        var batch = zeros(clips.Count, longest, HiddenSize);
        var mask = zeros(clips.Count, longest, dtype: ScalarType.Bool);
        for (int row = 0; row < clips.Count; row++)
        {
            int clip = clips[row], start = (int)(row * longest);
            Read(clip, MemoryMarshal.Cast<byte, float>(batch.bytes).Slice(start * HiddenSize, (int)frames[clip] * HiddenSize));
            mask.bytes.Slice(start, (int)frames[clip]).Fill(1);
        }
        return new AudioEncoding(batch, mask);
    }

    private void Read(int clip, Span<float> values)
    {
        if (store.TryRead(keys[clip], values)) return;
        again?.Invoke(clip);
        if (again is null || !store.TryRead(keys[clip], values)) throw Gone(clip);
    }

    private InvalidDataException Gone(int clip) => new($"{store.PathOf(keys[clip])}, the cache's entry of {names[clip]}, is damaged or gone"
        + (again is null ? ". Begin this training again: what is missing is then computed anew."
            : " and cannot be made again as it was: the sound file or the encoder has changed since this run began."));
}
