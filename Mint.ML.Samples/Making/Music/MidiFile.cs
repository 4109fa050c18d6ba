namespace Mint.ML.Samples.Making.Music;

/// <summary>An event of a standard MIDI file.</summary>
/// <param name="Tick">When it is.</param>
/// <param name="Status">What it is: 0x90 to 0x9F notes, 0xC0 to 0xCF programs, 0xFF meta events, whose kind is the first of the data.</param>
/// <param name="Data">What follows.</param>
internal readonly record struct MidiEvent(long Tick, int Status, byte[] Data);

/// <summary>Reads standard MIDI files: what a program that wrote one has put into it.</summary>
internal static class MidiFile
{
    private const int Drums = 9; // General MIDI's channel 10

    /// <summary>The events of all tracks, track by track.</summary>
    /// <exception cref="InvalidDataException">It is no standard MIDI file.</exception>
    public static IReadOnlyList<MidiEvent> Read(byte[] file)
    {
        List<MidiEvent> events = [];
        try
        {
            for (int at = Chunk(file, 0, "MThd"); at < file.Length;)
            {
                int end = Chunk(file, at, "MTrk");
                Track(file, at + 8, end, events);
                at = end;
            }
        }
        catch (Exception error) when (error is IndexOutOfRangeException or ArgumentOutOfRangeException)
        {
            throw new InvalidDataException("The MIDI file breaks off.");
        }
        return events;
    }

    /// <summary>General MIDI programs that sound, without drums.</summary>
    public static IReadOnlyList<int> Programs(IReadOnlyList<MidiEvent> events)
    {
        var now = new Dictionary<int, int>();
        SortedSet<int> sounding = [];
        foreach (var (_, status, data) in events)
        {
            int channel = status & 0x0F;
            if ((status & 0xF0) == 0xC0) now[channel] = data[0];
            else if ((status & 0xF0) == 0x90 && data[1] > 0 && channel != Drums) sounding.Add(now.GetValueOrDefault(channel));
        }
        return [.. sounding];
    }

    // Where a chunk ends.
    private static int Chunk(byte[] file, int at, string name)
    {
        if (!file.AsSpan(at).StartsWith(System.Text.Encoding.ASCII.GetBytes(name))) throw new InvalidDataException($"Byte {at} of the MIDI file is no {name}.");
        return at + 8 + (file[at + 4] << 24 | file[at + 5] << 16 | file[at + 6] << 8 | file[at + 7]);
    }

    private static void Track(byte[] file, int at, int end, List<MidiEvent> events)
    {
        long tick = 0;
        int status = 0;
        while (at < end)
        {
            tick += Number();
            if (file[at] >= 0x80) status = file[at++]; // else as before: a running status
            int kind = status == 0xFF ? file[at++] : -1;
            int length = status is 0xFF or 0xF0 or 0xF7 ? (int)Number() : status is >= 0xC0 and < 0xE0 ? 1 : 2;
            byte[] data = file[at..(at + length)];
            events.Add(new(tick, status, kind < 0 ? data : [(byte)kind, .. data]));
            at += length;
        }

        long Number()
        {
            long value = 0;
            byte part;
            do
            {
                part = file[at++];
                value = value << 7 | (uint)(part & 0x7F);
            }
            while (part >= 0x80);
            return value;
        }
    }
}
