using Mint.ML.Bridges;
using Mint.ML.Encoders;
using Mint.ML.LanguageModels;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Models;

/// <summary>Tensors that outlive a call would fill a GPU over a training run or a long batch of clips.</summary>
[TestClass]
public sealed class LifetimeTests
{
    [TestMethod]
    public void Encoding_and_generating_leave_no_tensor_behind()
    {
        using var audio = Data2VecAudio.Load(Fixtures.Path("data2vec_audio"));
        using var language = T5.Load(Fixtures.Path("flan_t5"));
        using var waveforms = rand(2, 3000);
        using var lengths = tensor(new long[] { 3000, 2000 });
        using var prompt = randn(2, 4, 32);
        using var mask = ones([2, 4], dtype: ScalarType.Bool);
        using var ids = tensor(new long[] { 5, 6, 7, 8 });
        using var rows = tensor(new long[] { 0, 0, 1, 1 });
        using var lastPrompt = tensor(new long[] { 1 });
        using var lastRows = tensor(new long[] { 3, 2 });
        using var lastIds = tensor(new long[] { 4, 9 });

        void Use()
        {
            audio.Encode(waveforms, lengths).Dispose();
            audio.EncodeHidden(waveforms, lengths).Dispose();
            language.Begin(prompt, mask, out var state).Dispose();
            state.Select(null, rows);
            for (int step = 0; step < 20; step++) language.Next(state, ids).Dispose();
            state.Select(lastPrompt, lastRows);
            language.Next(state, lastIds).Dispose();
            state.Dispose();
        }

        LiveTensors.AssertSteady(Use);
    }

    [TestMethod]
    public void Training_steps_leave_no_tensor_behind()
    {
        using var model = QFormer.Load(Fixtures.Path("lavis_qformer"));
        model.train();
        using var queries = randn(1, 6, 32);
        using var frames = randn(2, 9, 24);
        using var ids = randint(3, 60, [2, 5], ScalarType.Int64);
        using var rows = tensor(new long[] { 1, 0, 1 });

        void Step()
        {
            using var scope = NewDisposeScope();
            using var audio = model.ProjectAudio(frames);
            using var selected = audio.Select(rows);
            var (states, text, generated) = model.AlignmentPass(queries, audio, ids, null, ids, null);
            var matched = model.MatchingPass(queries, selected, ids.index_select(0, rows));
            var again = model.QueryPass(queries, audio, out var cache);
            var loss = states.mean() + text.mean() + matched.mean() + again.mean()
                + model.PredictTokens(generated).mean() + model.PredictTokens(model.GenerationPass(ids, null, cache)).mean();
            cache.Dispose();
            loss.backward();
        }

        LiveTensors.AssertSteady(Step);
    }
}
