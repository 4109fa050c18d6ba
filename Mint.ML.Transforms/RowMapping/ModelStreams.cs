using Microsoft.ML.Runtime;

namespace Mint.ML.Transforms.RowMapping;

/// <summary>Where a transformer puts what it needs to come back: named streams in its folder of the model file.</summary>
public abstract class ModelWriter
{
    /// <summary>Writes one stream. <paramref name="name"/> is a file name, unique within the transformer.</summary>
    public abstract void Stream(string name, Action<BinaryWriter> write);

    /// <summary>
    /// Writes what several steps of one model file may share: the first step to come writes it, the others name it. A step that is saved
    /// alone is therefore complete.
    /// </summary>
    /// <param name="name">A stream name, unique within the transformer.</param>
    /// <param name="shared">What is shared, compared by reference.</param>
    /// <param name="write">Writes it into further streams of this transformer.</param>
    public void Shared(string name, object shared, Action write)
    {
        bool known = Written.TryGetValue(shared, out int number);
        if (!known) Written[shared] = number = Written.Count;
        Stream(name, w => w.Write(number));
        if (!known) write();
    }

    /// <summary>What this save has written, with its number.</summary>
    private protected abstract IDictionary<object, int> Written { get; }
}

/// <summary>The streams that a transformer wrote.</summary>
public abstract class ModelReader
{
    /// <summary>Reads one stream if it is there. The reader runs forward only.</summary>
    public abstract bool TryStream(string name, Action<BinaryReader> read);

    /// <summary>Reads one stream.</summary>
    /// <exception cref="FormatException">The model file does not have it.</exception>
    public void Stream(string name, Action<BinaryReader> read)
    {
        if (!TryStream(name, read)) throw new FormatException($"The model file is damaged or of another version: it has no stream '{name}'.");
    }

    /// <summary>Reads what <see cref="ModelWriter.Shared"/> wrote: the first step to come reads it, the others become owners of the same.</summary>
    public SharedModel<T> Shared<T>(string name, Func<T> read) where T : class, IDisposable
    {
        int number = 0;
        Stream(name, r => number = r.ReadInt32());
        if (Loaded.TryGetValue(number, out object? known))
            return known is SharedModel<T> model ? model.Share() : throw new FormatException($"The model file is damaged: stream '{name}' names a model of another kind.");
        var first = new SharedModel<T>(read());
        Loaded[number] = first;
        return first;
    }

    /// <summary>What this load has read, by number.</summary>
    private protected abstract IDictionary<int, object> Loaded { get; }
}

/// <summary>A transformer that can be read back from a model file; register it with an assembly attribute in Interop.cs.</summary>
public interface ILoadable<TSelf> where TSelf : RowMapTransformer, ILoadable<TSelf>
{
    /// <summary>Makes the transformer from what <see cref="RowMapTransformer.Write"/> wrote.</summary>
    static abstract TSelf Read(IHostEnvironment environment, ModelReader reader);
}
