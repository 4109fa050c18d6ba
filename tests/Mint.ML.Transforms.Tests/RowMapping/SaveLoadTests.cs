using System.Diagnostics;
using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace Mint.ML.Transforms.Tests.RowMapping;

[TestClass]
public sealed class SaveLoadTests
{
    private const string FolderVariable = "MINT_TEST_SAVED_MODEL";

    private sealed class Source
    {
        public float[] Features { get; set; } = [];
    }

    private static readonly Source[] Rows = Enumerable.Range(0, 9).Select(i => new Source { Features = [i / 3f, i * 0.1f] }).ToArray();

    private static string Print(MLContext ml, ITransformer model) => string.Join("\n",
        model.Transform(ml.Data.LoadFromEnumerable(Rows)).GetColumn<float[]>("Copy")
            .Select(row => string.Join(" ", row.Select(x => x.ToString("R", CultureInfo.InvariantCulture)))));

    [TestMethod]
    public void A_chain_saved_here_gives_the_same_values_in_another_process()
    {
        var ml = new MLContext(seed: 1);
        var folder = Directory.CreateTempSubdirectory("mint-save");
        try
        {
            var scale = new ScaleTransformer(ml, new(new ScaleTransformer.Weight(1 / 7f)), batchSize: 5);
            var data = ml.Data.LoadFromEnumerable(Rows);
            var copy = ml.Transforms.CopyColumns("Copy", "Scaled").Fit(scale.Transform(data));
            ITransformer model = new TransformerChain<ITransformer>(scale, copy);
            ml.Model.Save(model, data.Schema, Path.Combine(folder.FullName, "model.zip"));

            // The test program itself is the other process; it runs the one test below.
            var start =
                new ProcessStartInfo("dotnet",
                [typeof(SaveLoadTests).Assembly.Location, "--filter", $"FullyQualifiedName~{nameof(Loads_in_the_other_process)}"])
                {
                    RedirectStandardOutput = true,
                    Environment = { [FolderVariable] = folder.FullName },
                };
            using var process = Process.Start(start)!;
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            Assert.AreEqual(0, process.ExitCode, output);
            Assert.AreEqual(Print(ml, model), File.ReadAllText(Path.Combine(folder.FullName, "values.txt")));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>What the other process does; without its folder there is nothing to check.</summary>
    [TestMethod]
    public void Loads_in_the_other_process()
    {
        if (Environment.GetEnvironmentVariable(FolderVariable) is not { } folder) return;
        var ml = new MLContext();
        var model = ml.Model.Load(Path.Combine(folder, "model.zip"), out var schema);
        Assert.AreEqual(NumberDataViewType.Single, ((VectorDataViewType)schema["Features"].Type).ItemType);
        File.WriteAllText(Path.Combine(folder, "values.txt"), Print(ml, model));
    }

    [TestMethod]
    public void A_second_load_works_after_the_first_model_was_disposed()
    {
        var ml = new MLContext();
        using var zip = new MemoryStream();
        ml.Model.Save(new ScaleTransformer(ml, new(new ScaleTransformer.Weight(4))), null, zip);
        zip.Position = 0;
        ((IDisposable)ml.Model.Load(zip, out _)).Dispose();
        zip.Position = 0;
        var model = ml.Model.Load(zip, out _);
        Assert.AreEqual(4f, model.Transform(ml.Data.LoadFromEnumerable([new Source { Features = [1] }])).GetColumn<float[]>("Scaled").Single()[0]);
    }

    [TestMethod]
    public void A_model_file_without_its_stream_names_the_stream()
    {
        var ml = new MLContext();
        using var zip = new MemoryStream();
        ml.Model.Save(new ScaleTransformer(ml, new(new ScaleTransformer.Weight(4))), null, zip);
        using (var archive = new System.IO.Compression.ZipArchive(zip, System.IO.Compression.ZipArchiveMode.Update, leaveOpen: true))
            foreach (var entry in archive.Entries.Where(e => e.FullName.EndsWith("Weight")).ToList()) entry.Delete();
        zip.Position = 0;
        var error = Inner.Throws<FormatException>(() => ml.Model.Load(zip, out _));
        StringAssert.Contains(error.Message, "Weight");
    }
}
