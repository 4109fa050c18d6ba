namespace Mint.ML.Audio;

/// <summary>A stretch of a stream as a stream of its own, with corrected bytes; read only. The stream beneath stays open.</summary>
internal sealed class PartStream(Stream file, Part part, IReadOnlyList<(long At, byte[] Bytes)> corrections) : Stream
{
    public override bool CanRead => true;
    public override bool CanSeek => true;
    public override bool CanWrite => false;
    public override long Length => part.End - part.Start;
    public override long Position { get; set; }

    public override int Read(Span<byte> buffer)
    {
        int count = (int)Math.Clamp(Length - Position, 0, buffer.Length);
        long start = part.Start + Position;
        file.Position = start;
        count = file.Read(buffer[..count]);
        foreach ((long at, byte[] bytes) in corrections)
        {
            for (long i = Math.Max(at, start); i < Math.Min(at + bytes.Length, start + count); i++)
            {
                buffer[(int)(i - start)] = bytes[i - at];
            }
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
