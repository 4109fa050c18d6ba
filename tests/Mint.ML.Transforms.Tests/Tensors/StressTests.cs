using System.Runtime.CompilerServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Encoders;
using Mint.ML.Generation;
using Mint.ML.Systems;
using Mint.ML.Text;
using Mint.ML.Training;
using Mint.ML.Training.Data;
using Mint.ML.Transforms.Tests.Pipeline;
using TorchSharp;
using static TorchSharp.torch;

namespace Mint.ML.Transforms.Tests.Tensors;

/// <summary>
/// Work beside a thread that collects without pause: nothing may be freed while libtorch reads it. Tensors have finalizers as Scalars have, and a
/// dispose scope or a variable disposed of later holds them; so none may be left for the finalizer to dispose of. `./mint bench stress` does it at length.
/// </summary>
[TestClass]
public sealed class StressTests
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
        var chain = new TransformerChain<RankedClassificationTransformer>([.. Clips.Model], [.. Clips.Model.Select(_ => TransformerScope.Everything)]);
        using var engine = Ml.Model.CreatePredictionEngine<Sound, EightClips.Answer>(chain);
        IsTheSame(() => string.Join('\n', paths.Select(path => engine.Predict(new Sound { Path = path }))), times: 4);
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
        var options = EightClips.Training with { Epochs = 10 };
        using var languageModel = ModelCatalog.LoadLanguageModel(Clips.LanguageModel);
        var text = TextTokenizer.Load(Clips.LanguageModel);
        IsTheSame(() =>
        {
            using var bridge = stage1.Bridge.Copy();
            AlignmentTraining.Run(bridge, stage1.Tokenizer, frames, captions, new(), options);
            var model = MintModel.Begin(bridge, languageModel, new(stage1.Tokenizer, text), seed: 4);
            using var projection = model.Projection;
            InstructionTraining.Run(model, frames, examples, options);
            return string.Join('\n', bridge.state_dict().Concat(projection.state_dict()).Select(pair => pair.Key + Bits(pair.Value)));
        }, times: 1);
    }

    [TestMethod]
    [DataRow("flan_t5")]
    [DataRow("gpt2")]
    [DataRow("llama")]
    public void Beam_search_and_ranking_are_the_same_beside_a_collecting_thread(string fixture)
    {
        using var model = ModelCatalog.LoadLanguageModel(Path.Combine(TinyModels.Repository(), "tests", "fixtures", fixture));
        using var chance = new torch.Generator(3);
        using var prompt = randn([3, 9, model.HiddenSize], generator: chance);
        using var mask = ones([3, 9], dtype: ScalarType.Bool);
        var trie = new CandidateTrie([[4, 5, 6, 1], [4, 5, 1], [4, 7, 8, 1], [9, 9, 1]]);
        var options = new GenerationOptions { Beams = 3, Returned = 3, RepetitionPenalty = 1.2, NoRepeatNGram = 2, MinTokens = 2, MaxTokens = 6 };
        IsTheSame(() =>
        {
            var beams = TextGenerator.Generate(model, prompt, mask, options);
            var ranking = VocabularyRanking.Rank(model, prompt, mask, trie, new() { MaxRows = 3 });
            return string.Join('\n', beams.SelectMany(answers => answers).Select(answer => $"{string.Join(' ', answer.Ids)} {answer.Score:R}"))
                + string.Join(' ', ranking.Scores.Cast<double>().Select(score => score.ToString("R")));
        }, times: 4);
    }

    [TestMethod]
    public void Retrieval_is_the_same_beside_a_collecting_thread()
    {
        var stage1 = Clips.Model.OfType<BridgeNetTransformer>().Single();
        var embeddings = stage1.Embeddings;
        using var chance = new torch.Generator(3);
        using var audio = new AudioEncoding(randn([4, 12, stage1.Bridge.Value.FrameWidth], generator: chance), ones([4, 12], dtype: ScalarType.Bool));
        IsTheSame(() => string.Join('\n',
            embeddings.Clips(audio).Concat(embeddings.Texts(TinyModels.Families)).SelectMany(vectors => vectors.Cast<float>()).Select(value => (double)value)
                .Concat(embeddings.Match("a flute plays note 3", audio)).Select(value => value.ToString("R"))), times: 12);
    }

    [TestMethod]
    public void A_tensor_that_nothing_held_is_noticed()
    {
        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Lose() => ones(2).neg().Dispose();

        long before = Finalizer.TensorsDisposed();
        Lose();
        Assert.AreEqual(1, Finalizer.TensorsDisposed() - before);
    }

    private static void IsTheSame(Func<string> work, int times)
    {
        string expected = work();
        long before = Finalizer.TensorsDisposed();
        Assert.AreEqual(expected, work(), "without a collecting thread");
        Assert.AreEqual(0, Finalizer.TensorsDisposed() - before, "tensors that nothing held, left for the finalizer");
        using var collecting = new CollectingThread();
        // On a busy machine the collecting thread has few turns: the work goes on until it has had as many as the work itself.
        for (int i = 0; i < times || collecting.Collections <= times; i++) Assert.AreEqual(expected, work(), $"time {i}");
    }

    /// <summary>Asks the finalizers' thread, since TorchSharp counts by thread.</summary>
    private sealed class Finalizer
    {
        private static long disposed;

        ~Finalizer() => Volatile.Write(ref disposed, -DisposeScopeManager.Statistics.ThreadTotalLiveCount);

        public static long TensorsDisposed()
        {
            // What is unreachable now is finalized by the first round, in no order; the second asks.
            for (int round = 0; round < 2; round++)
            {
                Make();
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
            return Volatile.Read(ref disposed);
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static void Make() => _ = new Finalizer();
    }

    private static string Bits(Tensor values)
    {
        using var _ = NewDisposeScope();
        return Convert.ToHexString(values.detach().contiguous().bytes);
    }
}
