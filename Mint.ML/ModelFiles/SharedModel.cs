namespace Mint.ML.ModelFiles;

/// <summary>
/// One owner's handle on a model that several transformers use. The model is disposed with its last owner, so that a transformer, or a
/// prediction engine that disposes it, can go without taking the others' weights along.
/// </summary>
internal sealed class SharedModel<T> : IDisposable where T : class, IDisposable
{
    private sealed class Owners { public int Count = 1; }

    private readonly Owners owners;
    private T? model;

    /// <summary>The first owner of <paramref name="model"/>.</summary>
    public SharedModel(T model) : this(model, new Owners()) { }

    private SharedModel(T model, Owners owners) => (this.model, this.owners) = (model, owners);

    /// <summary>The model.</summary>
    /// <exception cref="ObjectDisposedException">This owner has given it up.</exception>
    public T Value => model ?? throw new ObjectDisposedException(typeof(T).Name, "The transformer that used this model has been disposed.");

    /// <summary>One more owner of the same model.</summary>
    public SharedModel<T> Share()
    {
        lock (owners)
        {
            var model = Value;
            owners.Count++;
            return new SharedModel<T>(model, owners);
        }
    }

    /// <summary>Gives the model up; a second call does nothing.</summary>
    public void Dispose()
    {
        lock (owners)
        {
            if (this.model is not { } model) return;
            this.model = null;
            if (--owners.Count == 0) model.Dispose();
        }
    }
}
