namespace Microsoft.ML.Data;

/// <summary>128 bits that name a row, stable over shuffling and parallel cursors.</summary>
public readonly struct DataViewRowId : IComparable<DataViewRowId>, IEquatable<DataViewRowId>
{
    public readonly ulong Low;
    public readonly ulong High;

    public DataViewRowId(ulong low, ulong high) => (Low, High) = (low, high);

    /// <summary>The id of a row made from this one: a hash, so that it differs from the row's own.</summary>
    public DataViewRowId Fork() => Mix(this, 0x9E3779B97F4A7C15);
    public DataViewRowId Next() => Mix(this, 0xC2B2AE3D27D4EB4F);
    public DataViewRowId Combine(DataViewRowId other) => Mix(new(Low ^ other.High, High + other.Low), 0x165667B19E3779F9);

    private static DataViewRowId Mix(DataViewRowId id, ulong salt)
    {
        ulong low = Scramble(id.Low + salt), high = Scramble(id.High ^ low);
        return new(low ^ Scramble(high), high);
    }

    private static ulong Scramble(ulong x)
    {
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }

    public int CompareTo(DataViewRowId other) => High != other.High ? High.CompareTo(other.High) : Low.CompareTo(other.Low);
    public bool Equals(DataViewRowId other) => Low == other.Low && High == other.High;
    public override bool Equals(object obj) => obj is DataViewRowId other && Equals(other);
    public override int GetHashCode() => HashCode.Combine(Low, High);
    public override string ToString() => $"{High:x16}{Low:x16}";
}
