using System.Text.Json.Nodes;
using Mint.ML.Audio;

namespace Mint.ML.Samples.Cli.Reports;

/// <summary>The sounds of a page, each once, as data: URIs within a limit; of those that are left out the page says why.</summary>
/// <remarks>
/// A file of at most 256 kB whose format browsers play stands in the page byte for byte. A larger one becomes Ogg Opus, mono, 24 kHz, 32 kbit/s, of which
/// the first 30 s are kept: about 120 kB. Only what decodes as sound is embedded, and only what lies, links resolved, in one of the folders: a page is made
/// to be passed on, and a list may have been written by a stranger.
/// </remarks>
/// <param name="folders">Where relative paths are looked for, the likeliest first. In "." they are looked for too, but nothing is taken for being
/// there.</param>
/// <param name="limit">Bytes of sound in the page, before base64 makes four characters of three.</param>
internal sealed class SoundShelf(IReadOnlyList<string> folders, long limit)
{
    private const int LargestCopied = 256 * 1024, Rate = 24_000, MostLinks = 40; // as the system follows at most
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    private readonly Dictionary<string, int> places = [];
    private readonly JsonArray sounds = [];

    /// <summary>What a report reads; its longest clips are those of a training set.</summary>
    public static AudioReadOptions Readable { get; } = new() { MaxDuration = TimeSpan.FromMinutes(15) };

    /// <summary>Bytes of sound so far.</summary>
    public long Used { get; private set; }

    /// <summary>Sounds that are not in the page because it would grow past its limit.</summary>
    public int OverLimit { get; private set; }

    /// <summary>Sounds that were not found, or are none.</summary>
    public int Missing { get; private set; }

    /// <summary>Where a sound of a list is; null where none of the folders has it.</summary>
    public string? Find(string path) => path.Contains('\0') ? null
        : folders.Select(folder => Path.GetFullPath(path, Path.GetFullPath(folder))).FirstOrDefault(file => File.Exists(file) && IsInside(file));

    private bool IsElsewhere(string path) => !path.Contains('\0') && folders.Any(folder => File.Exists(Path.GetFullPath(path, Path.GetFullPath(folder))));

    private bool IsInside(string file)
    {
        string real = Real(file);
        return folders.Any(folder => folder != "." && real.StartsWith(Path.TrimEndingDirectorySeparator(Real(Path.GetFullPath(folder)))
            + Path.DirectorySeparatorChar, StringComparison.Ordinal));
    }

    // A path whose links, those of its folders too, are followed.
    private static string Real(string path, int depth = 0)
    {
        if (Path.GetDirectoryName(path) is not { } parent) return path;
        string here = Path.Combine(Real(parent, depth), Path.GetFileName(path));
        var target = new FileInfo(here).LinkTarget;
        return target is null || depth >= MostLinks ? here : Real(Path.GetFullPath(target, Path.GetDirectoryName(here)!), depth + 1);
    }

    /// <summary>Puts a sound on the shelf, if it is not there; its place in <see cref="ToJson"/>.</summary>
    /// <param name="path">As the list has it.</param>
    public int Add(string path)
    {
        if (places.TryGetValue(path, out int place)) return place;
        var sound = new JsonObject { ["name"] = path };
        try
        {
            if (Find(path) is not { } file)
            {
                throw new AudioFormatException(path, IsElsewhere(path) ? "it lies outside the folders whose sounds are embedded" : "there is no such file",
                    $"Only sounds of {string.Join(", ", folders.Where(folder => folder != "."))} are embedded; name its folder with --audio.");
            }
            Embed(file, sound);
        }
        catch (AudioFormatException e)
        {
            Missing++;
            sound["missing"] = e.Message;
        }
        sounds.Add(sound);
        return places[path] = sounds.Count - 1;
    }

    /// <summary>[{ name, source, note, seconds } or { name, missing }].</summary>
    public JsonArray ToJson() => (JsonArray)sounds.DeepClone();

    private void Embed(string file, JsonObject sound)
    {
        // A full shelf reads no more files.
        if (Used >= limit)
        {
            LeaveOut(sound);
            return;
        }
        var clip = AudioFile.Read(file, Readable);
        byte[]? bytes = new FileInfo(file).Length <= LargestCopied ? File.ReadAllBytes(file) : null;
        string? type = bytes is null ? null : Type(bytes);
        if (bytes is null || type is null) (bytes, type) = (Opus(clip, sound), "audio/ogg");
        if (Used + bytes.Length > limit)
        {
            LeaveOut(sound);
            return;
        }
        Used += bytes.Length;
        sound["seconds"] = Curve.Short(clip.Duration.TotalSeconds);
        sound["source"] = $"data:{type};base64,{Convert.ToBase64String(bytes)}";
    }

    private void LeaveOut(JsonObject sound)
    {
        OverLimit++;
        sound["missing"] = "left out: the page's sound is at its limit (--audio-limit)";
    }

    private static byte[] Opus(AudioClip clip, JsonObject sound)
    {
        if (clip.Duration > Longest)
        {
            sound["note"] = FormattableString.Invariant($"the first {Longest.TotalSeconds:0} of {clip.Duration.TotalSeconds:0} s");
            clip = clip with { Samples = clip.Samples[..(int)(Longest.TotalSeconds * clip.SampleRate)] };
        }
        string file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".opus");
        try
        {
            AudioFile.WriteOpus(file, clip.Resample(Rate));
            return File.ReadAllBytes(file);
        }
        finally
        {
            File.Delete(file);
        }
    }

    // What the current browsers play, by the first bytes: an Ogg, FLAC or MP3 file, or WAV with plain samples.
    private static string? Type(ReadOnlySpan<byte> bytes) =>
        bytes.StartsWith("OggS"u8) ? "audio/ogg"
        : bytes.StartsWith("fLaC"u8) ? "audio/flac"
        : bytes.StartsWith("ID3"u8) || bytes.Length > 2 && bytes[0] == 0xFF && (bytes[1] & 0xE6) == 0xE2 ? "audio/mpeg"
        : bytes.StartsWith("RIFF"u8) && bytes.Length > 21 && bytes[20] is 1 or 3 && bytes[21] == 0 ? "audio/wav"
        : null;
}
