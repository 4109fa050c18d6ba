using static TorchSharp.torch;

namespace Mint.ML.Checkpoints;

/// <summary>Copies of a model's token embeddings, which older files repeat where the model has them once.</summary>
internal static class TiedEmbeddings
{
    /// <summary>Refuses a checkpoint whose copies are none: transformers 4 overwrites them, and transformers 5 takes them for weights of their own.</summary>
    /// <param name="checkpoint">The folder.</param>
    /// <param name="embeddings">The tensor that the model reads.</param>
    /// <param name="copies">Those that it leaves out. The file need not have them.</param>
    /// <param name="advice">What to do.</param>
    public static void Check(CheckpointFolder checkpoint, string embeddings, string[] copies, string advice)
    {
        copies = [.. copies.Where(checkpoint.Contains)];
        if (copies.Length == 0 || !checkpoint.Contains(embeddings)) return;
        using var scope = NewDisposeScope();
        var tied = checkpoint.Read(embeddings);
        foreach (string copy in copies)
        {
            using var read = checkpoint.Read(copy);
            if (!read.shape.SequenceEqual(tied.shape) || !read.to(tied.dtype).Equals(tied))
                throw new InvalidDataException($"{checkpoint.Path}: the tensor '{copy}' is not a copy of '{embeddings}', to which it is tied: {advice}");
        }
    }
}
