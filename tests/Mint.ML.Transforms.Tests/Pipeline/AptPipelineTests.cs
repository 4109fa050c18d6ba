using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Encoders;
using Mint.ML.ModelFiles;
using Mint.ML.Systems;
using Mint.ML.Transforms.Tests.Contract;
using static TorchSharp.torch;

namespace Mint.ML.Transforms.Tests.Pipeline;

/// <summary>An APT's folder in pipelines: as any system, and with several clips and an image's vectors in one sequence.</summary>
[TestClass]
public sealed class AptPipelineTests
{
    private static readonly string[] Choices = ["a", "b", "c d", "e"];

    private static EightClips Clips => EightClips.Shared;

    private static Apt TheApt => (Apt)SmallSystems.TheApt.Model.System!;

    [TestMethod]
    public void Its_folder_is_recognised_and_captions_ranks_and_tags_as_any_system()
    {
        var system = SmallSystems.TheApt;
        Assert.AreEqual("Apt", system.Name);
        Assert.AreEqual(SystemCapabilities.Answers | SystemCapabilities.RankedLabels | SystemCapabilities.Tagging | SystemCapabilities.Sequences,
            system.Capabilities);
        var chain = Clips.Ml.Transforms.LoadAudio().Append(system.FeaturizeAudio()).Append(system.GenerateCaptions(generation: new() { MaxTokens = 5 }))
            .Append(system.TagLabels("PredictedLabel", "Features", TinyModels.Families)).Fit(Clips.Data);
        string[] captions = RowText.Read(chain.Transform(Clips.Data), "GeneratedCaption");
        CollectionAssert.AreEqual(Enumerable.Range(0, 8).Select(i => system.Model.Caption(File(i), new() { MaxTokens = 5 })).ToArray(), captions);
        string path = Path.Combine(Clips.Folder, "apt-chain.zip");
        Clips.Ml.Model.Save(chain, Clips.Data.Schema, path);
        using var loaded = AudioLanguageModel.Load(path, folders: new FrozenModelFolders(Clips.Folder));
        Assert.AreEqual(captions[0], loaded.Caption(File(0)));
        StringAssert.Contains(Assert.ThrowsExactly<NotSupportedException>(() => system.EmbedAudio()).Message, "'alignment'");
    }

    [TestMethod]
    public void With_stage_0s_aligner_it_compares_texts_and_tags_by_what_it_says()
    {
        string folder = Path.Combine(Clips.Folder, "apt-aligned"), alignment = Path.Combine(Clips.Folder, "apt-stage0");
        var aligner = new Bridges.BridgeNet(TheApt.Aligner.Config with { HasAlignmentHeads = true });
        aligner.Initialize(3);
        Checkpoints.CheckpointWriter.Write(alignment, aligner.Config.ToJson(), aligner.state_dict());
        TheApt.Save(folder, Path.Combine(SmallSystems.Apt, "encoder"), Path.Combine(SmallSystems.Apt, "bert"), Path.Combine(SmallSystems.Apt, "language-model"),
            alignment);
        using var system = Clips.Ml.AudioLanguage().LoadSystem(folder);
        Assert.IsTrue(system.Capabilities.HasFlag(SystemCapabilities.Embeddings));
        using var sounds = system.Model.Encoder.Encode([system.Model.Hear(File(0)), system.Model.Hear(File(1))]);
        float[][] scores = system.Model.Scorer(TinyModels.Families, "a", bySimilarity: true).Score(sounds);
        string[] said = [.. TheApt.Answer(sounds, ["a"])];
        float[,] cosines = Retrieval.BridgeEmbeddings.Similarities(system.Model.Embeddings!.Texts(said), system.Model.Embeddings.Texts(TinyModels.Families));
        for (int row = 0; row < 2; row++)
        {
            double sum = Enumerable.Range(0, 3).Sum(label => Math.Exp(cosines[row, label]));
            for (int label = 0; label < 3; label++) Assert.AreEqual(Math.Exp(cosines[row, label]) / sum, scores[row][label], 1e-5);
        }
        Assert.AreEqual(TheApt.Answer(sounds, ["a"])[0], system.Model.Ask(File(0), "a"), "the trained parts are the same");
    }

    [TestMethod]
    public void Several_clips_and_texts_are_one_sequence_and_a_row_without_one_of_them_is_empty()
    {
        var system = SmallSystems.TheApt;
        var rows = Enumerable.Range(0, 4).Select(i => new Row
        {
            First = Frames(i),
            Second = i == 2 ? [] : Frames(i + 1),
            Question = $"word{i}",
            Choices = Choices,
            Image = Image(i)
        }).ToList();
        var data = Clips.Ml.Data.LoadFromEnumerable(rows);
        var step = system.AnswerSequences(new() { Sequence = "{First} one {Second} two {Question}", Generation = new() { MaxTokens = 4 } }).Fit(data);
        string[] answers = RowText.Read(step.Transform(data), "Answer");
        for (int i = 0; i < 4; i++)
        {
            if (i == 2)
            {
                Assert.AreEqual("", answers[i]);
            }
            else
            {
                Assert.AreEqual(system.Model.Ask([File(i), File(i + 1)], new([new SoundPart(0), new TextPart("one"), new SoundPart(1),
                new TextPart($"two word{i}")], $"two word{i}"), new() { MaxTokens = 4 }), answers[i]);
            }
        }
    }

    [TestMethod]
    public void An_images_vectors_stand_beside_sound_and_four_answers_are_ranked()
    {
        var system = SmallSystems.TheApt;
        var rows = Enumerable.Range(0, 3).Select(i => new Row { First = Frames(i), Question = $"word{i}", Choices = Choices, Image = Image(i) }).ToList();
        var data = Clips.Ml.Data.LoadFromEnumerable(rows);
        SequenceAnswerer.Options options = new() { Sequence = "{Image} {First} {Question}", VectorColumnNames = ["Image"], AnswersColumnName = "Choices" };
        var step = system.AnswerSequences(options).Fit(data);
        string[] answers = RowText.Read(step.Transform(data), "Answer");
        bool changes = false;
        for (int i = 0; i < 3; i++)
        {
            float[,] image = Matrix(Image(i));
            var best = system.Model.Rank([File(i)], new([new VectorPart(image), new SoundPart(0), new TextPart($"word{i}")], $"word{i}"), Choices);
            Assert.AreEqual(best[0].Label, answers[i]);
            var blind = system.Model.Rank([File(i)], new([new SoundPart(0), new TextPart($"word{i}")], $"word{i}"), Choices);
            changes |= Math.Abs(best[0].Probability - blind.Single(answer => answer.Label == best[0].Label).Probability) > 1e-6;
        }
        Assert.IsTrue(changes, "what is seen is read");
        string path = Path.Combine(Clips.Folder, "apt-sequences.zip");
        Clips.Ml.Model.Save(step, data.Schema, path);
        CollectionAssert.AreEqual(answers, RowText.Read(Clips.Ml.AudioLanguage().LoadModel(path).Transform(data), "Answer"));

        rows[0].Image = new float[33];
        StringAssert.Contains(Assert.Throws<Exception>(() => RowText.Read(step.Transform(Clips.Ml.Data.LoadFromEnumerable(rows)), "Answer")).ToString(),
            "33 values");
    }

    [TestMethod]
    public void Other_systems_and_sequences_without_columns_are_refused_when_the_step_is_made()
    {
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => SmallSystems.ThePengi.AnswerSequences(new())).Message, "no APT");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => SmallSystems.TheApt.AnswerSequences(new() { Sequence = "what?" })).Message,
            "braces");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() =>
            SmallSystems.TheApt.AnswerSequences(new() { VectorColumnNames = ["Image"] })).Message,
            "'Image'");
        StringAssert.Contains(Assert.ThrowsExactly<NotSupportedException>(() => SmallSystems.ThePengi.Model.Ask([File(0), File(1)],
            Interleaved.About(0, 1, "which?"))).Message, "one clip at a time");
    }

    private static string File(int clip) => Path.Combine(Clips.Folder, $"clip{clip}.wav");

    private static float[] Frames(int clip)
    {
        var model = SmallSystems.TheApt.Model;
        using var scope = NewDisposeScope();
        using var heard = model.Encoder.Encode([model.Hear(File(clip))]);
        return heard.Frames.data<float>().ToArray();
    }

    private static float[] Image(int row) => [.. Enumerable.Range(0, 3 * 32).Select(i => (float)Math.Sin(i + 7 * row))];

    private static float[,] Matrix(float[] values)
    {
        var matrix = new float[values.Length / 32, 32];
        Buffer.BlockCopy(values, 0, matrix, 0, values.Length * sizeof(float));
        return matrix;
    }

    private sealed class Row
    {
        [VectorType]
        public float[] First { get; set; } = [];

        [VectorType]
        public float[] Second { get; set; } = [];

        public string Question { get; set; } = "";

        [VectorType]
        public float[] Image { get; set; } = [];

        [VectorType]
        public string[] Choices { get; set; } = [];
    }
}
