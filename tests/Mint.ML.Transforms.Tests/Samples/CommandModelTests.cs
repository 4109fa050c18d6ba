using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Samples.Answering;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Samples;

[TestClass]
public class CommandModelTests
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
        StringAssert.Contains(Assert.ThrowsExactly<NotSupportedException>(() => stage1.Model.Caption(clip)).Message, "stage 1 alone, which compares sound with text and does not answer in words; tune one by ./mint tune");

        var ears = Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.Load(Save(new TransformerChain<ITransformer>([.. Clips.Model.Take(2)]), "ears.zip")));
        StringAssert.Contains(ears.Message, "no trained model: train one by ./mint pretrain");
        var deaf = Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.Load(Save(new TransformerChain<ITransformer>([.. Clips.Model.Skip(2)]), "deaf.zip")));
        StringAssert.Contains(deaf.Message, "no audio encoder");
    }

    [TestMethod]
    public void A_file_that_is_missing_or_no_model_is_an_error_that_says_what_to_do()
    {
        StringAssert.Contains(Assert.ThrowsExactly<FileNotFoundException>(() => ModelFile.Load("none.zip")).Message, "./mint demo");
        string path = Path.Combine(Clips.Folder, "text.zip");
        File.WriteAllText(path, "no zip");
        var error = Assert.ThrowsExactly<InvalidDataException>(() => ModelFile.Load(path));
        StringAssert.Contains(error.Message, "text.zip is not a model file");
    }
}
