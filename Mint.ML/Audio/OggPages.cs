namespace Mint.ML.Audio;

/// <summary>Ogg has no length in its header, so a decoder takes a file that was cut off for a shorter one. The pages tell.</summary>
internal static class OggPages
{
    /// <summary>Walks the pages and reports one that goes past the end of the file; anything after the last page is left alone.</summary>
    public static void CheckComplete(Stream stream, string name)
    {
        Span<byte> header = stackalloc byte[27];
        Span<byte> segments = stackalloc byte[255];
        long position = 0;
        while (position < stream.Length)
        {
            stream.Position = position;
            int read = stream.ReadAtLeast(header, header.Length, throwOnEndOfStream: false);
            if (!header[..read].StartsWith("OggS"u8))
            {
                return;
            }

            int count = read == header.Length ? stream.ReadAtLeast(segments[..header[26]], header[26], throwOnEndOfStream: false) : -1;
            long end = position + header.Length + header[26];
            foreach (byte size in segments[..Math.Max(count, 0)])
            {
                end += size;
            }

            if (count < header[26] || end > stream.Length)
            {
                throw new AudioFormatException(name, $"it is cut off: the Ogg page at byte {position:N0} goes past the end of the file",
                    "Copy the file again from its source, or remove it from the list.");
            }

            position = end;
        }
    }
}
