namespace Mint.ML.Text;

/// <summary>Ids around a text.</summary>
internal readonly record struct TextFrame(int[] Before, int[] After)
{
    public static readonly TextFrame None = new([], []);

    /// <summary>With BOS in front and EOS at the end, or without; as it is where a flag is null or the token is not there.</summary>
    public TextFrame With(bool? addBos, int? bos, bool? addEos, int? eos) => new(
        bos is not { } begin || addBos is not { } first ? Before : !first ? [.. Before.Where(id => id != begin)]
            : Before.Contains(begin) ? Before : [begin, .. Before],
        eos is not { } end || addEos is not { } last ? After : !last ? [.. After.Where(id => id != end)]
            : After.Contains(end) ? After : [.. After, end]);

    public bool Equals(TextFrame other) => Before.AsSpan().SequenceEqual(other.Before) && After.AsSpan().SequenceEqual(other.After);

    public override int GetHashCode() => HashCode.Combine(Before.Length, After.Length);
}
