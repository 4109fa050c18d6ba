using System.Runtime.InteropServices;

namespace Mint.ML.Samples.Making.Notes;

/// <summary>A soundfont played by libfluidsynth, one note at a time or a MIDI file: reverb, chorus and dither off, interpolation of the highest
/// order.</summary>
internal sealed unsafe partial class FluidSynth : IDisposable
{
    private const string Library = "libfluidsynth.so.3";
    private const int BlockFrames = 64;      // libfluidsynth renders whole blocks; notes start on one, so that each is rendered alike
    private const int SeventhOrder = 7;

    private readonly nint settings, synth;
    private readonly int font;

    static FluidSynth() => NativeLibrary.SetDllImportResolver(typeof(FluidSynth).Assembly, (name, assembly, path) =>
        name != Library ? 0 : TryLoad(out nint handle) ? handle
            : throw new DllNotFoundException("Playing soundfonts needs the system library libfluidsynth, which is not installed. Install it: 'apt-get install "
                + "libfluidsynth3' (Debian, Ubuntu), 'dnf install fluidsynth-libs' (Fedora), 'brew install fluid-synth' (macOS)."));

    /// <summary>A synth with nothing sounding.</summary>
    /// <param name="soundfont">An .sf2 file.</param>
    /// <param name="sampleRate">Frames per second, in Hz.</param>
    /// <param name="onlyWhatSounds">True reads the samples of an instrument when it is chosen: of a soundfont of 140 MB, a piece needs a few. False reads
    /// them all, for many notes.</param>
    public FluidSynth(string soundfont, int sampleRate, bool onlyWhatSounds = false)
    {
        SampleRate = sampleRate;
        for (int level = 0; level < 4; level++)
        {
            SetLogFunction(level, 0, 0); // odd presets make it chatter; failures are reported by return values
        }

        settings = NewSettings();
        SetNumber(settings, "synth.sample-rate", sampleRate);
        SetInteger(settings, "synth.reverb.active", 0);
        SetInteger(settings, "synth.chorus.active", 0);
        SetInteger(settings, "synth.dynamic-sample-loading", onlyWhatSounds ? 1 : 0);
        synth = NewSynth(settings);
        SetInterpolation(synth, -1, SeventhOrder);
        font = LoadSoundfont(synth, soundfont, 1);
        if (font < 0)
        {
            Dispose();
            throw new InvalidDataException($"libfluidsynth cannot read the soundfont '{soundfont}'. Install its package again.");
        }
    }

    /// <summary>Frames per second, in Hz.</summary>
    public int SampleRate { get; }

    /// <summary>The note held for the whole window, mixed to mono; null when the soundfont lacks the program.</summary>
    /// <remarks>
    /// A voice that is reused ramps from the loudness it had, and a reset lets old notes die away instead of ending them: either would leave a trace of
    /// one note in the next. So every note is struck, silenced and struck again, which makes it the same, bit for bit, whatever was played before.
    /// </remarks>
    public float[]? Render(int program, int pitch, int velocity, int frames)
    {
        if (!Strike(program, pitch, velocity))
            return null;

        Play(10 * BlockFrames);
        Strike(program, pitch, velocity);
        return Play((frames + BlockFrames - 1) / BlockFrames * BlockFrames)[..frames];
    }

    /// <summary>A MIDI file from its beginning, mixed to mono. Of a synth that has played nothing yet, whose notes would leave a trace.</summary>
    /// <param name="file">A standard MIDI file.</param>
    /// <param name="frames">How many; silence follows where the piece is shorter.</param>
    public float[] PlayFile(string file, int frames)
    {
        nint player = NewPlayer(synth);
        try
        {
            if (AddToPlayer(player, file) != 0) throw new InvalidDataException($"libfluidsynth cannot read '{file}'.");
            Check(StartPlayer(player));
            return Play((frames + BlockFrames - 1) / BlockFrames * BlockFrames)[..frames];
        }
        finally
        {
            StopPlayer(player);
            DeletePlayer(player);
        }
    }

    private bool Strike(int program, int pitch, int velocity)
    {
        Check(AllSoundsOff(synth, -1));
        Check(SystemReset(synth));
        for (int played = 0; Play(10 * BlockFrames).AsSpan().ContainsAnyExcept(0f); played += 10 * BlockFrames)
        {
            if (played > 60 * SampleRate)
                throw new InvalidOperationException("libfluidsynth does not fall silent within a minute after all sounds were switched off.");
        }

        if (SelectProgram(synth, 0, font, 0, program) != 0)
            return false;

        Check(NoteOn(synth, 0, pitch, velocity));
        return true;
    }

    private float[] Play(int frames)
    {
        var left = new float[frames];
        var right = new float[frames];
        fixed (float* l = left, r = right)
        {
            Check(WriteFloat(synth, frames, l, 0, 1, r, 0, 1));
        }

        for (int i = 0; i < frames; i++)
            left[i] = (left[i] + right[i]) / 2;

        return left;
    }

    public void Dispose()
    {
        DeleteSynth(synth);
        DeleteSettings(settings);
    }

    private static bool TryLoad(out nint handle)
    {
        foreach (string name in new[] { Library, "libfluidsynth.3.dylib", "libfluidsynth.so.2", "libfluidsynth", "libfluidsynth-3" })
        {
            if (NativeLibrary.TryLoad(name, out handle))
                return true;
        }

        handle = 0;
        return false;
    }

    private static void Check(int status)
    {
        if (status != 0)
            throw new InvalidOperationException($"libfluidsynth returned {status}.");
    }

    [LibraryImport(Library, EntryPoint = "fluid_set_log_function")]
    private static partial nint SetLogFunction(int level, nint function, nint data);

    [LibraryImport(Library, EntryPoint = "new_fluid_settings")]
    private static partial nint NewSettings();

    [LibraryImport(Library, EntryPoint = "delete_fluid_settings")]
    private static partial void DeleteSettings(nint settings);

    [LibraryImport(Library, EntryPoint = "fluid_settings_setnum", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetNumber(nint settings, string name, double value);

    [LibraryImport(Library, EntryPoint = "fluid_settings_setint", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetInteger(nint settings, string name, int value);

    [LibraryImport(Library, EntryPoint = "new_fluid_synth")]
    private static partial nint NewSynth(nint settings);

    [LibraryImport(Library, EntryPoint = "delete_fluid_synth")]
    private static partial void DeleteSynth(nint synth);

    [LibraryImport(Library, EntryPoint = "fluid_synth_set_interp_method")]
    private static partial int SetInterpolation(nint synth, int channel, int method);

    [LibraryImport(Library, EntryPoint = "fluid_synth_sfload", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LoadSoundfont(nint synth, string path, int resetPresets);

    [LibraryImport(Library, EntryPoint = "fluid_synth_program_select")]
    private static partial int SelectProgram(nint synth, int channel, int font, int bank, int program);

    [LibraryImport(Library, EntryPoint = "fluid_synth_system_reset")]
    private static partial int SystemReset(nint synth);

    [LibraryImport(Library, EntryPoint = "fluid_synth_all_sounds_off")]
    private static partial int AllSoundsOff(nint synth, int channel);

    [LibraryImport(Library, EntryPoint = "fluid_synth_noteon")]
    private static partial int NoteOn(nint synth, int channel, int key, int velocity);

    [LibraryImport(Library, EntryPoint = "new_fluid_player")]
    private static partial nint NewPlayer(nint synth);

    [LibraryImport(Library, EntryPoint = "fluid_player_add", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int AddToPlayer(nint player, string file);

    [LibraryImport(Library, EntryPoint = "fluid_player_play")]
    private static partial int StartPlayer(nint player);

    [LibraryImport(Library, EntryPoint = "fluid_player_stop")]
    private static partial int StopPlayer(nint player);

    [LibraryImport(Library, EntryPoint = "delete_fluid_player")]
    private static partial void DeletePlayer(nint player);

    [LibraryImport(Library, EntryPoint = "fluid_synth_write_float")]
    private static partial int WriteFloat(nint synth, int frames, float* left, int leftOffset, int leftStep, float* right, int rightOffset, int rightStep);
}
