using System.Buffers.Binary;
using System.Text;

namespace Mint.ML.Text;

/// <summary>Reads the fields of one protobuf message, one after the other, within its bounds.</summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message)
{
    private static readonly UTF8Encoding utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private ReadOnlySpan<byte> rest = message;
    private int wire;

    /// <summary>Goes on to the next field; its value has to be taken or skipped.</summary>
    public bool Next(out int field)
    {
        field = 0;
        if (rest.IsEmpty)
            return false;
        var key = Varint();
        (field, wire) = ((int)Math.Min(key >> 3, int.MaxValue), (int)(key & 7));
        return true;
    }

    public long Integer()
    {
        Expect(0);
        return (long)Varint();
    }

    public float Float()
    {
        Expect(5);
        return BinaryPrimitives.ReadSingleLittleEndian(Take(4));
    }

    public string String() => utf8.GetString(Bytes());

    /// <summary>Bytes of a string, a byte string or a message within this one.</summary>
    public ReadOnlySpan<byte> Bytes()
    {
        Expect(2);
        return Take(Varint());
    }

    public void Skip()
    {
        switch (wire)
        {
            case 0: Varint(); break;
            case 1: Take(8); break;
            case 2: Take(Varint()); break;
            case 5: Take(4); break;
            default: throw new FormatException($"A field has wire type {wire}.");
        }
    }

    private readonly void Expect(int type)
    {
        if (wire != type)
            throw new FormatException($"A field has wire type {wire} where {type} is due.");
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = Take(1)[0];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
                return value;
        }
        throw new FormatException("A number is longer than ten bytes.");
    }

    private ReadOnlySpan<byte> Take(ulong length)
    {
        if (length > (ulong)rest.Length)
            throw new FormatException($"A field of {length} bytes does not fit in the {rest.Length} that are left.");
        var taken = rest[..(int)length];
        rest = rest[(int)length..];
        return taken;
    }
}

/// <summary>Writes the fields of one protobuf message.</summary>
internal sealed class ProtobufWriter
{
    private readonly MemoryStream stream = new();

    public void Integer(int field, long value)
    {
        Key(field, 0);
        Varint((ulong)value);
    }

    public void Float(int field, float value)
    {
        Key(field, 5);
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        stream.Write(bytes);
    }

    public void String(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    public void Message(int field, ProtobufWriter message) => Bytes(field, message.ToArray());

    public void Bytes(int field, ReadOnlySpan<byte> bytes)
    {
        Key(field, 2);
        Varint((ulong)bytes.Length);
        stream.Write(bytes);
    }

    public byte[] ToArray() => stream.ToArray();

    private void Key(int field, int wire) => Varint((ulong)field << 3 | (uint)wire);

    private void Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            stream.WriteByte((byte)(value | 0x80));
        stream.WriteByte((byte)value);
    }
}
