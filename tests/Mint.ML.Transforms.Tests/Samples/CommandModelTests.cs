using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Samples.Cli;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Samples;

[TestClass]
public sealed class CommandModelTests
{
    private static EightClips Clips => EightClips.Shared;

    private static string Save(ITransformer model, string name)
    {
        string path = Path.Combine(Clips.Folder, name);
        Clips.Ml.Model.Save(model, Clips.Data.Schema, path);
        return path;
    }

    [TestMethod]
    public void A_model_file_of_MLNET_gives_its_parts_and_finds_frozen_models_beside_itself()
    {
        // A chain within a chain, as two fits make one.
        using var model = ModelFile.Load(Save(new TransformerChain<ITransformer>(Clips.Model), "parts.zip"));
        Assert.IsNotNull(model.Model.Embeddings);
        Assert.IsNotNull(model.Model.System);
    }

    [TestMethod]
    public void What_a_model_file_lacks_is_said_with_the_command_that_makes_it()
    {
        using var stage1 = ModelFile.Load(Save(new TransformerChain<ITransformer>([.. Clips.Model.Take(3)]), "stage1.zip"));
        Assert.IsNull(stage1.Model.System);
        string clip = Path.Combine(Clips.Folder, "clip0.wav");
        StringAssert.Contains(Assert.ThrowsExactly<NotSupportedException>(() => stage1.Model.Caption(clip)).Message,
            "stage 1 alone, which compares sound with text and does not answer in words; tune one by ./mint tune");

        var ears =
            Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.Load(Save(new TransformerChain<ITransformer>([.. Clips.Model.Take(2)]), "ears.zip")));
        StringAssert.Contains(ears.Message, "no trained model: train one by ./mint pretrain");
        var deaf =
            Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.Load(Save(new TransformerChain<ITransformer>([.. Clips.Model.Skip(2)]), "deaf.zip")));
        StringAssert.Contains(deaf.Message, "no audio encoder");
    }

    [TestMethod]
    public void A_file_that_is_missing_or_no_model_is_an_error_that_says_what_to_do()
    {
        StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(() => ModelFile.Load("none.zip")).Message, "./mint demo");
        string cut = Save(new TransformerChain<ITransformer>([.. Clips.Model.Take(3)]), "cut.zip");
        using (var zip = System.IO.Compression.ZipFile.Open(cut, System.IO.Compression.ZipArchiveMode.Update))
            foreach (var entry in zip.Entries.Where(entry => entry.FullName.EndsWith("Weights", StringComparison.Ordinal)).ToList()) entry.Delete();
        // The loader's own message, from inside what ML.NET wraps around it.
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.Load(cut)).Message, "it has no stream");

        string path = Path.Combine(Clips.Folder, "text.zip");
        File.WriteAllText(path, "no zip");
        var error = Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.Load(path));
        StringAssert.Contains(error.Message, "text.zip is not a model file");
    }

    [TestMethod]
    public void The_program_tells_what_a_loader_threw_not_that_something_was_thrown()
    {
        string elsewhere = Directory.CreateTempSubdirectory("mint-alone-").FullName;
        string file = Path.Combine(elsewhere, "model.zip");
        File.Move(Save(Clips.Model, "moved.zip"), file); // away from its frozen models: the shipped encoder has their name and is another
        var start =
            new ProcessStartInfo("dotnet",
            [typeof(ModelFile).Assembly.Location, "classify", Path.Combine(Clips.Folder, "clip0.wav"), "--labels", "a,b", "--model", file])
            {
                WorkingDirectory = elsewhere,
                RedirectStandardError = true,
                RedirectStandardOutput = true,
                Environment = { ["MINT_MODELS"] = elsewhere, ["MINT_TRACE"] = "" },
            };
        using var process = Process.Start(start)!;
        string said = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.AreEqual(1, process.ExitCode, said);
        StringAssert.Contains(said, $"mint: {file}: The frozen model 'encoder' is not the one this model was trained with");
    }
}
