using System.Diagnostics;
using System.IO.Compression;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mint.ML.Transforms.Tests.Pipeline;

[TestClass]
public sealed class ModelFileTests
{
    private static EightClips Clips => EightClips.Shared;

    private static string Save(ITransformer model, string name)
    {
        string path = Path.Combine(Clips.Folder, name);
        Clips.Ml.Model.Save(model, Clips.Data.Schema, path);
        return path;
    }

    private static string[] Print(MLContext ml, ITransformer model, IDataView data) =>
        [.. EightClips.Answers(ml, model, data).Select(answer => answer.ToString())];

    private static T WithModels<T>(string? folder, Func<T> action)
    {
        string? before = Environment.GetEnvironmentVariable("MINT_MODELS");
        Environment.SetEnvironmentVariable("MINT_MODELS", folder);
        try
        {
            return action();
        }
        finally
        {
            Environment.SetEnvironmentVariable("MINT_MODELS", before);
        }
    }

    [TestMethod]
    public void A_saved_pipeline_gives_the_same_bits_in_another_process()
    {
        Save(Clips.Model, "model.zip");
        string answers = Path.Combine(Clips.Folder, "answers.txt");
        File.Delete(answers);
        var start =
            new ProcessStartInfo("dotnet",
            [typeof(ModelFileTests).Assembly.Location, "--filter", $"FullyQualifiedName~{nameof(A_saved_pipeline_gives_the_same_bits_in_another_process)}"])
            {
                RedirectStandardOutput = true,
                Environment = { [AnsweringProcess.FolderVariable] = Clips.Folder, ["MINT_MODELS"] = Clips.Folder },
            };
        using var process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.AreEqual(0, process.ExitCode, output);
        CollectionAssert.AreEqual(Print(Clips.Ml, Clips.Model, Clips.Data), File.ReadAllLines(answers));
    }

    [TestMethod]
    public void Shared_weights_stand_once_in_the_file_and_a_step_saved_alone_is_complete()
    {
        using (var zip = ZipFile.OpenRead(Save(Clips.Model, "shared.zip")))
        {
            string[] weights =
                [.. zip.Entries.Select(entry => entry.FullName.Replace('\\', '/')).Where(name => name.EndsWith("Weights", StringComparison.Ordinal))];
            Assert.HasCount(2, weights, string.Join(", ", weights)); // stage 1's bridge and stage 2's, whatever the number of steps that use them
            Assert.IsTrue(zip.Entries.All(entry => !entry.FullName.EndsWith("Files", StringComparison.Ordinal)), "frozen models are not copied");
        }
        string alone = Save(Clips.Model.LastTransformer, "alone.zip");
        var ml = new MLContext();
        var ranked = WithModels(Clips.Folder, () => ml.Model.Load(alone, out _));
        var features = Clips.Featurize(ml).Fit(Clips.Data).Transform(Clips.Data);
        CollectionAssert.AreEqual(EightClips.Answers(ml, Clips.Model, Clips.Data).Select(answer => answer.PredictedLabel).ToArray(),
            ranked.Transform(features).GetColumn<uint>("PredictedLabel").ToArray());
    }

    [TestMethod]
    public void A_frozen_model_that_is_missing_or_another_one_is_an_error_that_says_where_to_put_it()
    {
        string file = Save(Clips.Model, "frozen.zip");
        string elsewhere = Directory.CreateDirectory(Path.Combine(Clips.Folder, "elsewhere")).FullName;
        var missing = Inner.Throws<DirectoryNotFoundException>(() => WithModels(elsewhere, () => new MLContext().Model.Load(file, out _)));
        StringAssert.Contains(missing.Message, "encoder");
        StringAssert.Contains(missing.Message, "MINT_MODELS");

        string copy = Directory.CreateDirectory(Path.Combine(elsewhere, "encoder")).FullName;
        foreach (string path in Directory.GetFiles(Clips.Encoder)) File.Copy(path, Path.Combine(copy, Path.GetFileName(path)), overwrite: true);
        File.AppendAllText(Path.Combine(copy, "config.json"), "\n");
        var different = Inner.Throws<InvalidOperationException>(() => WithModels(elsewhere, () => new MLContext().Model.Load(file, out _)));
        StringAssert.Contains(different.Message, Path.Combine(copy, "config.json"));
        StringAssert.Contains(different.Message, "MINT_MODELS");
        Directory.Delete(elsewhere, recursive: true);
    }

    [TestMethod]
    public void Embedded_frozen_models_need_no_folder_even_after_a_second_save()
    {
        var ml = new MLContext(seed: 1);
        var model = Clips.Pipeline(ml, embed: true).Fit(Clips.Data);
        string[] expected = Print(ml, model, Clips.Data);
        var loaded = WithModels("", () => ml.Model.Load(Save(model, "embedded.zip"), out _));
        CollectionAssert.AreEqual(expected, Print(ml, loaded, Clips.Data));
        var again = WithModels("", () => ml.Model.Load(Save(loaded, "embedded-again.zip"), out _));
        CollectionAssert.AreEqual(expected, Print(ml, again, Clips.Data));
        ((IDisposable)loaded).Dispose();
        CollectionAssert.AreEqual(expected, Print(ml, again, Clips.Data));
    }

    [TestMethod]
    [DataRow(false, DisplayName = "named")]
    [DataRow(true, DisplayName = "embedded")]
    public void A_frozen_model_whose_files_are_not_those_that_were_fitted_is_not_saved(bool embed)
    {
        var ml = new MLContext(seed: 1);
        string folder = Directory.CreateDirectory(Path.Combine(Clips.Folder, $"changing-{embed}")).FullName;
        foreach (string path in Directory.GetFiles(Clips.Encoder)) File.Copy(path, Path.Combine(folder, Path.GetFileName(path)));
        var model = ml.Transforms.LoadAudio().Append(ml.Transforms.FeaturizeAudio(new AudioFeaturizer.Options { Encoder = folder, EmbedFrozenModels = embed }))
            .Fit(Clips.Data);
        string weights = Path.Combine(folder, "model.safetensors");
        byte[] fitted = File.ReadAllBytes(weights), other = [.. fitted];
        other[^1] ^= 0x10;

        File.WriteAllBytes(weights, other);
        RefusesToSave(weights);
        File.WriteAllBytes(weights, fitted);
        File.WriteAllText(Path.Combine(folder, "added.json"), "{}");
        RefusesToSave(Path.Combine(folder, "added.json"));
        File.Delete(Path.Combine(folder, "added.json"));
        float[][] features = [.. model.Transform(Clips.Data).GetColumn<float[]>("Features")];
        var loaded = WithModels(Clips.Folder, () => ml.Model.Load(Save(model, $"changing-{embed}.zip"), out _));
        float[][] again = [.. loaded.Transform(Clips.Data).GetColumn<float[]>("Features")];
        for (int row = 0; row < features.Length; row++) CollectionAssert.AreEqual(features[row], again[row], "with the files of then back, it is saved");

        void RefusesToSave(string file) => StringAssert.Contains(Inner.Throws<InvalidOperationException>(() => Save(model, "refused.zip")).Message, file);
    }

    // What is packed is compared, not what was seen before.
    [TestMethod]
    public void An_embedded_file_that_was_replaced_by_one_of_its_size_and_time_is_not_packed()
    {
        var ml = new MLContext(seed: 1);
        string folder = Directory.CreateDirectory(Path.Combine(Clips.Folder, "same-time")).FullName;
        foreach (string path in Directory.GetFiles(Clips.Encoder)) File.Copy(path, Path.Combine(folder, Path.GetFileName(path)));
        var model = ml.Transforms.LoadAudio().Append(ml.Transforms.FeaturizeAudio(new AudioFeaturizer.Options { Encoder = folder, EmbedFrozenModels = true }))
            .Fit(Clips.Data);
        string weights = Path.Combine(folder, "model.safetensors");
        var written = File.GetLastWriteTimeUtc(weights);
        byte[] bytes = File.ReadAllBytes(weights);
        bytes[^1] ^= 0x10;
        File.WriteAllBytes(weights, bytes);
        File.SetLastWriteTimeUtc(weights, written);
        StringAssert.Contains(Inner.Throws<InvalidOperationException>(() => Save(model, "refused.zip")).Message, weights);
    }
}
