using Microsoft.ML;
using Mint.ML.Audio;

namespace Mint.ML.Samples.Demo;

/// <summary>The recordings of everyday sound that the demo trains on and measures with: ESC-10's ten kinds, in its folds.</summary>
internal static class EverydayClips
{
    private const string HeldOut = "fold 5", Development = "fold 3";

    // A frozen language model says what it has learnt to say. These are its words for the recordings' labels; with others ("the tick of a clock") it learned
    // to name none of them in as many steps.
    private static readonly Dictionary<string, (string Name, string[] Captions)> words = new()
    {
        ["dog bark"] = ("a dog's bark", ["a dog barks", "the sound of a dog barking"]),
        ["rain"] = ("rain", ["rain falls", "the sound of rain falling"]),
        ["sea waves"] = ("waves", ["waves break", "the sound of waves breaking"]),
        ["baby cry"] = ("a baby's cry", ["a baby cries", "the sound of a baby crying"]),
        ["clock tick"] = ("a clock", ["a clock ticks", "the sound of a clock ticking"]),
        ["person sneeze"] = ("a sneeze", ["a person sneezes", "the sound of a person sneezing"]),
        ["helicopter"] = ("a helicopter", ["a helicopter hovers", "the sound of a helicopter hovering"]),
        ["chainsaw"] = ("a chainsaw", ["a chainsaw cuts", "the sound of a chainsaw cutting"]),
        ["rooster"] = ("a rooster's crow", ["a rooster crows", "the sound of a rooster crowing"]),
        ["fire crackling"] = ("a fire", ["a fire burns", "the sound of a fire burning"]),
    };

    /// <summary>Reads a manifest. A recording of training stands in it once a caption, one that is held out once.</summary>
    /// <param name="ml">Makes the views.</param>
    /// <param name="manifest">With Label and, in Note, the fold.</param>
    /// <param name="dev">Whether one fold of training is held out, to choose settings by, and the held-out one is not read.</param>
    /// <exception cref="InvalidDataException">A label is not known.</exception>
    public static (IDataView Train, IDataView Test) Load(MLContext ml, string manifest, bool dev)
    {
        var clips = Read(manifest).Where(clip => !dev || clip.Soundfont != HeldOut).ToList();
        string held = dev ? Development : HeldOut;
        return (ml.Data.LoadFromEnumerable(clips.Where(clip => clip.Soundfont != held).ToList()),
            ml.Data.LoadFromEnumerable(clips.Where(clip => clip.Soundfont == held).DistinctBy(clip => clip.Path).ToList()));
    }

    // Clips without a fold are of kinds of sound that were recorded once or twice: too few to learn from, and none is held out to measure.
    private static IEnumerable<Clip> Read(string manifest)
    {
        foreach (var row in AudioManifest.Read(manifest).Rows.Where(row => row.Find("Note")?.StartsWith("fold ", StringComparison.Ordinal) == true))
        {
            if (!words.TryGetValue(row["Label"], out var said))
                throw new InvalidDataException($"{row.Place}: the demo has no words for '{row["Label"]}'. It knows: {string.Join(", ", words.Keys)}.");
            foreach (string caption in said.Captions) yield return new() { Path = row.Path, Family = said.Name, Caption = caption, Soundfont = row["Note"] };
        }
    }
}
