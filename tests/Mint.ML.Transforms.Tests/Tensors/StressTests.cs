using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Generation;
using Mint.ML.Models;
using Mint.ML.Systems;
using Mint.ML.Text;
using Mint.ML.Training;
using Mint.ML.Transforms.Tests.Pipeline;
using TorchSharp;
using static TorchSharp.torch;
using Generator = Mint.ML.Generation.Generator;

namespace Mint.ML.Transforms.Tests.Tensors;

/// <summary>
/// Work beside a thread that collects without pause: nothing may be freed while libtorch reads it. Tensors have finalizers as Scalars have, and a
/// dispose scope or a variable disposed of later holds them; so none may be left for the finalizer to dispose of. `./mint bench stress` does it at length.
/// </summary>
[TestClass]
public class StressTests
{
    private static EightClips Clips => EightClips.Shared;
    private static MLContext Ml => Clips.Ml;

    private sealed class Sound
    {
        public string Path { get; set; } = "";
    }

    private sealed class Features
    {
        [ColumnName("Features")]
        public float[] Values { get; set; } = [];
    }

    [TestMethod]
    public void Predictions_one_at_a_time_are_the_same_beside_a_collecting_thread()
    {
        string[] paths = [.. Clips.Data.GetColumn<string>("Path")];
        var chain = new TransformerChain<RankedClassifier>([.. Clips.Model], [.. Clips.Model.Select(_ => TransformerScope.Everything)]);
        using var engine = Ml.Model.CreatePredictionEngine<Sound, EightClips.Answer>(chain);
        IsTheSame(() => string.Join('\n', paths.Select(path => engine.Predict(new Sound { Path = path }))), times: 20);
    }

    [TestMethod]
    public void Training_in_both_stages_is_the_same_beside_a_collecting_thread()
    {
        var rows = Ml.Data.CreateEnumerable<Features>(Clips.Featurize(Ml).Fit(Clips.Data).Transform(Clips.Data), false).Select(row => row.Values).ToArray();
        string[] Column(string name) => [.. Clips.Data.GetColumn<string>(name)];
        var stage1 = Clips.Model.OfType<BridgeNetTransformer>().Single().Bridge.Value;
        var frames = new FrameTable(rows, stage1.FrameWidth);
        string[] captions = Column("Caption"), responses = Column("Response");
        InstructionExample[] examples = [.. Column("Instruction").Select((instruction, clip) => new InstructionExample(clip, instruction, responses[clip]))];
        var options = EightClips.Training with { Epochs = 20 };
        using var languageModel = ModelCatalog.LoadLanguageModel(Clips.LanguageModel);
        var text = TextTokenizer.Load(Clips.LanguageModel);
        IsTheSame(() =>
        {
            using var bridge = stage1.CopyBridge();
            AlignmentTraining.Run(bridge, stage1.Tokenizer, frames, captions, new(), options);
            var model = MintModel.Begin(bridge, languageModel, new(stage1.Tokenizer, text), seed: 4);
            using var projection = model.Projection;
            InstructionTraining.Run(model, frames, examples, options);
            return string.Join('\n', bridge.state_dict().Concat(projection.state_dict()).Select(pair => pair.Key + Bits(pair.Value)));
        }, times: 2);
    }

    [TestMethod]
    [DataRow("flan_t5")] [DataRow("gpt2")] [DataRow("llama")]
    public void Beam_search_and_ranking_are_the_same_beside_a_collecting_thread(string fixture)
    {
        using var model = ModelCatalog.LoadLanguageModel(Path.Combine(TinyModels.Repository(), "tests", "fixtures", fixture));
        using var chance = new torch.Generator(3);
        using var prompt = randn([3, 9, model.HiddenSize], generator: chance);
        using var mask = ones([3, 9], dtype: ScalarType.Bool);
        var trie = new CandidateTrie([[4, 5, 6, 1], [4, 5, 1], [4, 7, 8, 1], [9, 9, 1]]);
        IsTheSame(() =>
        {
            var beams = Generator.Generate(model, prompt, mask, new() { Beams = 3, Returned = 3, RepetitionPenalty = 1.2, NoRepeatNGram = 2, MinTokens = 2, MaxTokens = 6 });
            var ranking = VocabularyRanking.Rank(model, prompt, mask, trie, new() { MaxRows = 3 });
            return string.Join('\n', beams.SelectMany(answers => answers).Select(answer => $"{string.Join(' ', answer.Ids)} {answer.Score:R}"))
                + string.Join(' ', ranking.Scores.Cast<double>().Select(score => score.ToString("R")));
        }, times: 20);
    }

    [TestMethod]
    public void Retrieval_is_the_same_beside_a_collecting_thread()
    {
        var stage1 = Clips.Model.OfType<BridgeNetTransformer>().Single();
        var embeddings = stage1.Embeddings;
        using var chance = new torch.Generator(3);
        using var audio = new AudioEncoding(randn([4, 12, stage1.Bridge.Value.FrameWidth], generator: chance), ones([4, 12], dtype: ScalarType.Bool));
        IsTheSame(() => string.Join('\n',
            [.. embeddings.Clips(audio).Concat(embeddings.Texts(TinyModels.Families)).SelectMany(vectors => vectors.Cast<float>()).Select(value => value.ToString("R")),
             .. embeddings.Match("a flute plays note 3", audio).Select(value => value.ToString("R"))]), times: 40);
    }

    private static void IsTheSame(Func<string> work, int times)
    {
        string expected = work();
        long alive = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Assert.AreEqual(expected, work(), "without a collecting thread");
        // TorchSharp counts a parameter that is made and disposed below nought.
        Assert.IsLessThanOrEqualTo(0, DisposeScopeManager.Statistics.ThreadTotalLiveCount - alive, "tensors that only the finalizer will dispose of");
        using var collecting = new CollectingThread();
        for (int i = 0; i < times; i++) Assert.AreEqual(expected, work(), $"time {i}");
        Assert.IsGreaterThan(times, collecting.Collections);
    }

    private static string Bits(Tensor values)
    {
        using var _ = NewDisposeScope();
        return Convert.ToHexString(values.detach().contiguous().bytes);
    }
}
