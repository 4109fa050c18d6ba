using System.Diagnostics;
using System.Security.Cryptography;
using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Audio;
using Mint.ML.Checkpoints;
using TorchSharp;

namespace Mint.ML.Transforms.Tests.Pipeline;

/// <summary>What harms a command, through the steps: the rows of issue 10's security table that a column, a cache or an index can
/// bring (docs/faults.md).</summary>
[TestClass]
public sealed class HarmfulInputTests
{
    private readonly string folder = Directory.CreateTempSubdirectory("mint-harm-").FullName;

    private static EightClips Clips => EightClips.Shared;
    private static MLContext Ml => Clips.Ml;

    [TestCleanup]
    public void Delete() => Directory.Delete(folder, recursive: true);

    private string At(string name) => Path.Combine(folder, name);

    private IDataView Listed(params string[] names)
    {
        File.WriteAllLines(At("m.csv"), ["Path,Caption", .. names.Select(name => $"{name},a tone")]);
        return Ml.Data.LoadFromAudioManifest(At("m.csv"));
    }

    private static MLAudio?[] Load(IDataView data, AudioLoadingEstimator.Options options) =>
        [.. Ml.Transforms.LoadAudio(options).Fit(data).Transform(data).GetColumn<MLAudio>("Audio")];

    // Once an error of the row that names it, once a row without sound; the row before is heard in either.
    private void IsItsRow(string name, AudioLoadingEstimator.Options options, string why)
    {
        string good = Path.Combine(Clips.Folder, "clip0.wav");
        string message = Assert.ThrowsExactly<AudioFormatException>(() => Load(Listed(good, name), options)).Message;
        StringAssert.Contains(message, why);
        StringAssert.Contains(message, "m.csv, row 2 (line 3)");
        options.OnError = AudioErrorHandling.Skip;
        var heard = Load(Listed(good, name), options);
        Assert.IsNotNull(heard[0]);
        Assert.IsNull(heard[1]);
    }

    [TestMethod] // S5
    public void A_sound_longer_than_the_step_allows_is_its_rows_error()
    {
        AudioFile.WriteWav(At("long.wav"), new AudioClip(new float[5 * 384_000], 384_000));
        IsItsRow("long.wav", new() { MaxDuration = TimeSpan.FromSeconds(2) }, "MaxDuration");
    }

    [TestMethod] // S24
    public void A_pipe_in_a_column_of_paths_is_its_rows_error_and_nobody_waits_for_a_writer()
    {
        if (OperatingSystem.IsWindows()) Assert.Inconclusive("Pipes with names in folders are those of Unix.");
        Process.Start("mkfifo", At("pipe.wav"))!.WaitForExit();
        IsItsRow("pipe.wav", new(), "pipe");
    }

    [TestMethod] // S34
    public void A_name_that_is_not_UTF8_is_its_rows_error()
    {
        if (!OperatingSystem.IsLinux()) Assert.Inconclusive("Names that are no text are those of Linux.");
        string clip = Path.Combine(Clips.Folder, "clip0.wav");
        Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "cp \"$0\" \"$1/$(printf 'latin\\351.wav')\"", clip, folder]))!.WaitForExit();
        IsItsRow("latin\uFFFD.wav", new(), "its name is not UTF-8");
        Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "rm \"$0\"/latin*", folder]))!.WaitForExit(); // .NET cannot
    }

    [TestMethod] // S28, S11
    public void An_index_with_a_number_that_is_none_or_that_was_shortened_is_an_error_and_no_answer()
    {
        string index = At("a.index");
        var embedded = Clips.Model.OfType<BridgeNetTransformer>().Single().Transform(Clips.Featurize(Ml).Fit(Clips.Data).Transform(Clips.Data));
        Ml.AudioLanguage().CreateAudioIndex(embedded, index);
        byte[] bytes = File.ReadAllBytes(index);
        bytes[64] = bytes[65] = 0xFF; // the first half of a vector
        File.WriteAllBytes(index, bytes);
        string[][] Found(ITransformer step) => [.. step.Transform(embedded).GetColumn<string[]>("Found")];
        var retrieve = Ml.AudioLanguage().RetrieveAudio("Found", "TextEmbedding", index, 2);
        using (var broken = retrieve.Fit(embedded))
            StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Found(broken)).Message, "not finite");

        bytes[65] = 0;
        File.WriteAllBytes(index, bytes);
        using var fitted = retrieve.Fit(embedded);
        if (OperatingSystem.IsWindows()) return; // where nobody shortens what another has open
        Process.Start("truncate", ["-s", "100", index])!.WaitForExit();
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Found(fitted)).Message, "a.index");
    }

    [TestMethod] // S2, S33
    public void Frames_of_an_encoder_that_changed_are_made_anew_and_planted_ones_are_refused()
    {
        string encoder = At("encoder"), cache = At("cache");
        Directory.CreateDirectory(encoder);
        foreach (string file in Directory.GetFiles(Clips.Encoder)) File.Copy(file, Path.Combine(encoder, Path.GetFileName(file)));
        Assert.HasCount(8, Encode());
        Assert.HasCount(8, Encode(), "the same encoder");
        File.WriteAllBytes(Path.Combine(encoder, "more.pth"), [1]);
        string[] entries = Encode();
        Assert.HasCount(16, entries, "an encoder with another file, which a loader may open, is another encoder");

        foreach (string entry in entries)
        {
            using var frames = Safetensors.ReadAll(entry)["frames"];
            frames[0, 1] = float.NaN;
            var sum = new Dictionary<string, string> { ["sha256"] = Convert.ToHexStringLower(SHA256.HashData(frames.bytes)) };
            Safetensors.Write(entry, new Dictionary<string, torch.Tensor> { ["frames"] = frames }, sum);
        }
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(Encode).Message, "not finite");

        string[] Encode()
        {
            var audio = Ml.Transforms.LoadAudio().Fit(Clips.Data).Transform(Clips.Data);
            using var step = Ml.Transforms.FeaturizeAudio("Features", "Audio", encoder, cache: cache).Fit(audio);
            Assert.HasCount(8, step.Transform(audio).GetColumn<float[]>("Features").ToArray());
            return Directory.GetFiles(cache, "*.safetensors");
        }
    }

    [TestMethod] // S7
    public void A_file_beside_a_frozen_models_own_is_a_difference_when_ML_NET_loads_it()
    {
        string models = At("models"), zip = At("mint.zip");
        foreach (string model in (string[])[Clips.Encoder, Clips.LanguageModel])
        {
            string copy = Directory.CreateDirectory(Path.Combine(models, Path.GetFileName(model))).FullName;
            foreach (string file in Directory.GetFiles(model)) File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }
        var ml = new MLContext(seed: 1);
        ml.AudioLanguage().FrozenModels = new(models);
        ml.Model.Save(Clips.Model, Clips.Data.Schema, zip);
        ((IDisposable)ml.AudioLanguage().LoadModel(zip)).Dispose();
        File.WriteAllText(Path.Combine(models, Path.GetFileName(Clips.LanguageModel), "added_tokens.json"), "{}");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => ml.AudioLanguage().LoadModel(zip)).Message, "was not there at training");
    }

    [TestMethod] // S1
    public void ML_NETs_own_load_hides_the_reason_in_its_exception_and_not_from_the_log()
    {
        string zip = At("mint.zip");
        Clips.Ml.Model.Save(Clips.Model, Clips.Data.Schema, zip);
        var ml = new MLContext(seed: 1);
        var told = new List<string>();
        ml.Log += (_, message) => { if (message.Kind == Microsoft.ML.Runtime.ChannelMessageKind.Error) told.Add(message.RawMessage); };
        var error = Assert.Throws<Exception>(() => ml.Model.Load(zip, out _)); // beside the file is not looked
        Assert.DoesNotContain("was not found", error.Message);
        StringAssert.Contains(error.Cause().Message, "was not found. Looked for");
        StringAssert.Contains(told.Single(), "was not found. Looked for");
    }
}
