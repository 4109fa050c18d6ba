namespace Mint.ML.Audio;

/// <summary>A part of a file as a decoder is shown it: after a lead, with corrected bytes. Read only; the file stays open.</summary>
internal sealed class PartStream(Stream file, Part part, Examined examined) : Stream
{
    public override bool CanRead => true;
    public override bool CanSeek => true;
    public override bool CanWrite => false;
    public override long Length => examined.Lead.Length + part.End - part.Start;
    public override long Position { get; set; }

    public override int Read(Span<byte> buffer)
    {
        int count = (int)Math.Clamp(Length - Position, 0, buffer.Length);
        if (count > 0 && Position < examined.Lead.Length)
        {
            count = Math.Min(count, examined.Lead.Length - (int)Position);
            examined.Lead.AsSpan((int)Position, count).CopyTo(buffer);
            Position += count;
            return count;
        }

        long start = part.Start + Position - examined.Lead.Length;
        file.Position = start;
        count = file.Read(buffer[..count]);
        foreach ((long at, byte[] bytes) in examined.Corrections)
        {
            for (long i = Math.Max(at, start); i < Math.Min(at + bytes.Length, start + count); i++)
                buffer[(int)(i - start)] = bytes[i - at];
        }

        Position += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override long Seek(long offset, SeekOrigin origin) =>
        Position = Math.Max(0, offset + (origin == SeekOrigin.Begin ? 0 : origin == SeekOrigin.Current ? Position : Length));

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
