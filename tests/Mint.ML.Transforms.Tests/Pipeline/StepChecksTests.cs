using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Model.OnnxConverter;
using Microsoft.ML.Runtime;
using Mint.ML.Transforms.Tests.Contract;

namespace Mint.ML.Transforms.Tests.Pipeline;

/// <summary>Nothing long begins before everything is known to be right, and what is long can be watched and ended.</summary>
[TestClass]
public sealed class StepChecksTests
{
    private static EightClips Clips => EightClips.Shared;
    private static MLContext Ml => Clips.Ml;

    [TestMethod]
    public void A_folder_that_goes_after_a_step_was_made_stops_the_chain_before_anything_is_read()
    {
        string folder = Path.Combine(Clips.Folder, "going");
        Directory.CreateDirectory(folder);
        foreach (string file in Directory.GetFiles(Clips.LanguageModel)) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
        var counted = new CountingView(Clips.Data);
        var chain = Clips.Featurize(Ml)
            .Append(Ml.AudioLanguage().Trainers.BridgeNet(new BridgeNetTrainer.Options
            {
                Bridge = EightClips.Bridge,
                Training = EightClips.Training,
                VocabularySize = 80
            }))
            .Append(Ml.AudioLanguage().Trainers.InstructionTuning("Features", "Instruction", "Response", folder));
        Directory.Delete(folder, recursive: true);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => chain.Fit(counted)).Message, "there is no model folder");
        Assert.AreEqual(0, counted.Cursors);
    }

    [TestMethod]
    public void A_folder_that_holds_something_else_is_refused_by_the_step_that_names_it()
    {
        var trainers = Ml.AudioLanguage().Trainers;
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => Ml.Transforms.FeaturizeAudio("Features", "Audio", Clips.LanguageModel)).Message,
            "no audio encoder");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => trainers.InstructionTuning("Features", "Instruction", "Response", Clips.Encoder))
            .Message,
            "no language model");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => trainers.BridgeNet(bert: Clips.Encoder)).Message, "Bert: ");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => trainers.BridgeNet(new BridgeNetTrainer.Options { Vocabulary = Clips.Encoder }))
            .Message, "Vocabulary: ");
    }

    [TestMethod]
    public void An_architecture_that_cannot_be_is_told_with_all_else_when_the_trainer_is_made()
    {
        var bridge = EightClips.Bridge with { QFormer = EightClips.Bridge.QFormer with { Heads = 3 } };
        string error = Assert.ThrowsExactly<ArgumentException>(() => Ml.AudioLanguage().Trainers.BridgeNet(new BridgeNetTrainer.Options
        {
            Bridge = bridge,
            Training = EightClips.Training with { BatchSize = 1, MaxTokens = 33 },
            VocabularySize = 0,
        })).Message;
        foreach (string part in (string[])["3 Heads cannot share", "BatchSize is 1", "MaxTokens is 33, more than the bridge's Positions, 32",
            "VocabularySize is 0"])
        {
            StringAssert.Contains(error, part);
        }

        error = Assert.ThrowsExactly<ArgumentException>(() => Ml.AudioLanguage().Trainers.BridgeNet(new BridgeNetTrainer.Options
        {
            Bridge = null!,
            Training = null!,
            Objective = null!
        }))
            .Message;
        foreach (string part in (string[])["Bridge is null", "Training is null", "Objective is null"]) StringAssert.Contains(error, part);
    }

    [TestMethod]
    public void Stage_2_is_checked_against_a_bridge_that_is_yet_to_be_trained()
    {
        var counted = new CountingView(Clips.Data);
        var chain = Clips.Featurize(Ml)
            .Append(Ml.AudioLanguage().Trainers.BridgeNet(new BridgeNetTrainer.Options
            {
                Bridge = EightClips.Bridge,
                Training = EightClips.Training,
                VocabularySize = 80
            }))
            .Append(Ml.AudioLanguage().Trainers.InstructionTuning(new InstructionTuner.Options
            {
                LanguageModel = Clips.LanguageModel,
                Training = EightClips.Training with { MaxTokens = 33 }
            }));
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => chain.Fit(counted)).Message,
            "MaxTokens is 33, more than the bridge's Positions, 32");
        Assert.AreEqual(0, counted.Cursors);
    }

    [TestMethod]
    public void Features_that_are_encoded_over_and_over_are_told_once_with_what_to_do()
    {
        var warnings = new List<string>();
        var ml = new MLContext(seed: 1);
        ml.Log += (_, message) =>
        {
            if (message.Kind == ChannelMessageKind.Warning) warnings.Add(message.RawMessage);
        };
        var features = Clips.Featurize(ml).Fit(Clips.Data).Transform(Clips.Data);
        for (int pass = 0; pass < 12; pass++)
        {
            using var cursor = features.GetRowCursor([features.Schema["Features"]]);
            while (cursor.MoveNext()) { }
        }
        StringAssert.Contains(warnings.Single(), "AppendCacheCheckpoint");

        warnings.Clear();
        var cached = ml.Data.Cache(Clips.Featurize(ml).Fit(Clips.Data).Transform(Clips.Data), "Features");
        for (int pass = 0; pass < 12; pass++) _ = cached.GetColumn<float[]>("Features").Count();
        Assert.IsEmpty(warnings);
    }

    [TestMethod]
    public void Null_is_an_argument_that_is_missing_in_every_method_of_the_catalogs()
    {
        var audio = Ml.AudioLanguage();
        foreach (Action action in (Action[])
        [
            () => ((MLContext)null!).AudioLanguage(), () => ((TransformsCatalog)null!).LoadAudio(), () =>
                ((DataOperationsCatalog)null!).LoadFromAudioManifest("a.csv"),
            () => Ml.Transforms.LoadAudio((AudioLoadingEstimator.Options)null!), () => Ml.Transforms.FeaturizeAudio(null!), () =>
                Ml.Transforms.WindowAudio((AudioWindower.Options)null!),
            () => audio.GenerateCaptions((CaptionGenerator.Options)null!), () => audio.RankLabels((RankedClassifier.Options)null!),
            () => audio.RankLabels("PredictedLabel", (IReadOnlyList<string>)null!), () => audio.EmbedAudio(null!), () => audio.EmbedText(null!), () =>
                audio.RetrieveAudio(null!),
            () => audio.Trainers.BridgeNet((BridgeNetTrainer.Options)null!), () => audio.Trainers.InstructionTuning(null!), () =>
                audio.CreateAudioIndex(null!, "a.index"),
            () => audio.EvaluateCaptions(null!), () => audio.EvaluateRanking(null!), () => audio.EvaluateRetrieval(null!), () => audio.EvaluateTagging(null!),
            () => audio.UseBridge(null!, "a"), () => audio.UseTunedModel(null!, "a", "b"), () => MLAudio.CreateFromFile(null!), () =>
                MLAudio.CreateFromStream(null!),
        ])
        {
            Assert.ThrowsExactly<ArgumentNullException>(action);
        }
    }

    [TestMethod]
    public void Output_comes_first_and_then_the_input()
    {
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Ml.AudioLanguage().GenerateCaptions("Out", "Sounds").Fit(Clips.Data));
        StringAssert.Contains(error.Message, "'Sounds'");
        error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Ml.AudioLanguage().RankLabels("Out", "Sounds", TinyModels.Families).Fit(Clips.Data));
        StringAssert.Contains(error.Message, "'Sounds'");
    }

    [TestMethod]
    public void A_cancelled_context_ends_inference()
    {
        var ml = new MLContext(seed: 1);
        var features = Clips.Featurize(ml).Fit(Clips.Data).Transform(Clips.Data);
        var captions = ml.AudioLanguage().GenerateCaptions(new CaptionGenerator.Options
        {
            Model = Clips.Model.OfType<InstructionTunedTransformer>().Single(),
            BatchSize = 2
        })
            .Fit(features).Transform(features);
        using var cursor = captions.GetRowCursor([captions.Schema["GeneratedCaption"]]);
        var read = cursor.GetGetter<ReadOnlyMemory<char>>(captions.Schema["GeneratedCaption"]);
        ReadOnlyMemory<char> text = default;
        cursor.MoveNext();
        read(ref text);
        ml.AudioLanguage().CancelExecution();
        Assert.ThrowsExactly<OperationCanceledException>(() =>
        {
            while (cursor.MoveNext()) read(ref text);
        });
    }

    [TestMethod]
    public void Inference_tells_the_log_what_it_did()
    {
        var ml = new MLContext(seed: 1);
        var messages = new List<string>();
        ml.Log += (_, message) => { if (message.Source.Contains("AudioFeaturizing")) messages.Add(message.RawMessage); };
        var features = Clips.Featurize(ml).Fit(Clips.Data).Transform(Clips.Data);
        _ = features.GetColumn<float[]>("Features").Count();
        Assert.IsTrue(messages.Any(message => message.StartsWith("8 rows in 3 batches", StringComparison.Ordinal)), string.Join('\n', messages));
    }

    [TestMethod]
    public void ONNX_is_refused_by_name_and_with_the_reason()
    {
        foreach (var step in Step.All.Values.Where(step => step.MapsRows).DistinctBy(step => step.Transformer))
        {
            var view = (ICanSaveOnnx)step.Make(Ml).Fit(step.Data()).Transform(step.Data());
            var error = Assert.ThrowsExactly<NotSupportedException>(() => view.CanSaveOnnx(null!));
            StringAssert.Contains(error.Message, $"{step.Transformer.Name} cannot be converted to ONNX: ");
        }
    }

    [TestMethod]
    public void A_folder_that_a_step_reads_or_writes_is_checked_when_the_step_is_made()
    {
        string file = Clips.Manifest;
        foreach (var (make, words) in ((Action, string)[])[
            (() => Ml.Transforms.LoadAudio(folder: "/no/such"), "Folder: there is no folder '/no/such'"),
            (() => Ml.Transforms.LoadAudio(folder: ""), "Folder is empty"),
            (() => Ml.Transforms.LoadAudio(new AudioLoadingEstimator.Options { SampleRate = 768_001 }), "SampleRate is 768001"),
            (() => Ml.Transforms.FeaturizeAudio("Features", "Audio", Clips.Encoder, cache: ""), "CacheFolder is empty"),
            (() => Ml.Transforms.FeaturizeAudio("Features", "Audio", Clips.Encoder, cache: file), $"CacheFolder: '{file}' is a file")])
        {
            StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(make).Message, words);
        }
        StringAssert.Contains(Assert.ThrowsExactly<DirectoryNotFoundException>(() => Ml.AudioLanguage().LoadSystem("/no/such")).Message, "'/no/such'");
    }
}
