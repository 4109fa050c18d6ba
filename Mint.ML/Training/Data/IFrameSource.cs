using Mint.ML.Encoders;

namespace Mint.ML.Training.Data;

/// <summary>What a bridge is trained on: the frames that a frozen encoder hears in each clip, however they are come by.</summary>
/// <remarks>Read is called ahead of need from another thread, one call at a time; the other members may be called meanwhile.</remarks>
public interface IFrameSource
{
    /// <summary>Number of clips.</summary>
    int Count { get; }

    /// <summary>Width E of a frame.</summary>
    int HiddenSize { get; }

    /// <summary>Number of frames of a clip; clips of like length are trained together.</summary>
    long Frames(int clip);

    /// <summary>Frames of several clips, padded to the longest: (B, T, E) and (B, T), on the CPU. The caller disposes of them.</summary>
    AudioEncoding Read(IReadOnlyList<int> clips);

    /// <summary>What an error message calls a clip: its file, where there is one.</summary>
    string Name(int clip) => $"clip {clip}";

    /// <summary>Where a clip is named, for messages: a manifest's row and the file, or a row of the data.</summary>
    string Place(int clip) => Name(clip);

    /// <summary>Hash of what the frames are made of, where it is known: a run does not go on with other frames than it began with.</summary>
    string Identity => "";
}
