using Microsoft.ML;
using Mint.ML.Audio;
using Mint.ML.ModelFiles;
using Mint.ML.Systems;
using Mint.ML.Transforms.Tests.Contract;

namespace Mint.ML.Transforms.Tests.Pipeline;

[TestClass]
public sealed class LoadedSystemTests
{
    private static EightClips Clips => EightClips.Shared;

    private static string Clip => Path.Combine(Clips.Folder, "clip0.wav");

    [TestMethod]
    public void A_folder_is_recognised_and_says_what_it_can_do()
    {
        Assert.AreEqual("Pengi", SmallSystems.ThePengi.Name);
        Assert.AreEqual("MusiLingo", SmallSystems.TheMusiLingo.Name);
        Assert.AreEqual("Clap", SmallSystems.TheClap.Name);
        using var mint = Clips.Ml.AudioLanguage().LoadSystem(SmallSystems.Mint);
        Assert.AreEqual("MintModel", mint.Name);
        Assert.IsTrue(mint.Capabilities.HasFlag(SystemCapabilities.Answers));
        Assert.IsFalse(SmallSystems.TheClap.Capabilities.HasFlag(SystemCapabilities.Answers));
        Assert.IsTrue(SmallSystems.ThePengi.Capabilities.HasFlag(SystemCapabilities.CaptionSearch));
        Assert.IsFalse(SmallSystems.ThePengi.Capabilities.HasFlag(SystemCapabilities.Embeddings));
        Assert.IsNotNull(mint.Model.Caption(Clip));
        Assert.HasCount(3, mint.Model.Rank(Clip, TinyModels.Families, "a"));
    }

    [TestMethod]
    public void What_a_system_cannot_do_is_refused_by_its_name_before_anything_is_read()
    {
        StringAssert.Contains(Assert.ThrowsExactly<NotSupportedException>(() => SmallSystems.TheClap.GenerateCaptions()).Message,
            "Clap compares sound with text");
        StringAssert.Contains(Assert.ThrowsExactly<NotSupportedException>(() => SmallSystems.TheClap.Answer()).Message, "Clap");
        StringAssert.Contains(Assert.ThrowsExactly<NotSupportedException>(() => SmallSystems.TheMusiLingo.EmbedAudio()).Message, "MusiLingo has no embeddings");
        StringAssert.Contains(Assert.ThrowsExactly<NotSupportedException>(() => SmallSystems.TheMusiLingo.EmbedText()).Message, "MusiLingo has no embeddings");
        StringAssert.Contains(Assert.ThrowsExactly<NotSupportedException>(() => Clips.Ml.AudioLanguage().LoadSystem(Clips.Encoder)).Message, "Data2VecAudio");
    }

    [TestMethod]
    public void A_chain_answers_as_the_model_alone_does_and_is_a_model_of_the_commands()
    {
        var system = SmallSystems.ThePengi;
        var chain = Clips.Ml.Transforms.LoadAudio().Append(system.FeaturizeAudio()).Append(system.GenerateCaptions())
            .Append(system.RankLabels("PredictedLabel", "Features", TinyModels.Families)).Fit(Clips.Data);
        string[] captions = RowText.Read(chain.Transform(Clips.Data), "GeneratedCaption");
        string[] files = [.. Enumerable.Range(0, 8).Select(i => Path.Combine(Clips.Folder, $"clip{i}.wav"))];
        CollectionAssert.AreEqual(files.Select(file => system.Model.Caption(file)).ToArray(), captions);

        string path = Path.Combine(Clips.Folder, "pengi-chain.zip");
        Clips.Ml.Model.Save(chain, Clips.Data.Schema, path);
        Assert.IsLessThan(new FileInfo(Path.Combine(SmallSystems.Pengi, "model.safetensors")).Length, new FileInfo(path).Length, "named, not embedded");
        using var loaded = AudioLanguageModel.Load(path, folders: new FrozenModelFolders(Clips.Folder));
        Assert.AreEqual(PengiCaption, loaded.Defaults.CaptionInstruction);
        CollectionAssert.AreEqual(captions, files.Select(file => loaded.Caption(file)).ToArray());
    }

    private const string PengiCaption = "generate audio caption";

    [TestMethod]
    public void Another_file_in_a_part_of_the_folder_is_another_system()
    {
        string elsewhere = Directory.CreateTempSubdirectory("mint-elsewhere-").FullName, copy = Path.Combine(elsewhere, "pengi"); // no folder above has another
        foreach (string part in (string[])["", "clip", "gpt2"])
        {
            Directory.CreateDirectory(Path.Combine(copy, part));
            foreach (string file in Directory.GetFiles(Path.Combine(SmallSystems.Pengi, part)))
            {
                File.Copy(file, Path.Combine(copy, part,
                Path.GetFileName(file)));
            }
        }
        string path = Path.Combine(elsewhere, "model.zip");
        using (var system = Clips.Ml.AudioLanguage().LoadSystem(copy))
        {
            var chain = Clips.Ml.Transforms.LoadAudio().Append(system.FeaturizeAudio()).Fit(Clips.Data);
            Clips.Ml.Model.Save(chain, Clips.Data.Schema, path);
        }
        Clips.Ml.AudioLanguage().LoadModel(path);
        File.AppendAllText(Path.Combine(copy, "gpt2", "tokenizer_config.json"), " ");
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => Clips.Ml.AudioLanguage().LoadModel(path)).Message, "tokenizer_config.json");
    }

    [TestMethod]
    public void Zero_shot_scores_are_CLAPs_own_logits()
    {
        var clips = new[] { AudioFile.Read(Clip) };
        using var clap = Mint.ML.Retrieval.ClapEmbeddings.Load(SmallClap.Folder);
        float[] sound = clap.Clips(clips)[0];
        var texts = clap.Texts([.. TinyModels.Families.Select(family => $"a {family}")]);
        // As the file has the scale of its logits.
        using var scope = TorchSharp.torch.NewDisposeScope();
        double scale = Math.Exp(Mint.ML.Checkpoints.Safetensors.ReadAll(Path.Combine(SmallClap.Folder, "model.safetensors"))["logit_scale_a"]
            .to(TorchSharp.torch.ScalarType.Float64).item<double>());
        Assert.AreEqual(1 / scale, clap.Temperature, 1e-6);
        double[] logits = [.. texts.Select(text => text.Zip(sound, (x, y) => (double)x * y).Sum() * scale)];
        double sum = logits.Sum(Math.Exp);
        foreach (var label in SmallSystems.TheClap.Model.Rank(Clip, TinyModels.Families, "a"))
            Assert.AreEqual(Math.Exp(logits[Array.IndexOf(TinyModels.Families, label.Label)]) / sum, label.Probability, 1e-5);
    }
}
