using Mint.ML.Bridges;
using Mint.ML.Encoders;
using Mint.ML.LanguageModels;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Models;

/// <summary>Models loaded in bfloat16 compute in it throughout, and nearly what they compute in single precision.</summary>
[TestClass]
public sealed class PrecisionTests
{
    private const double Close = 0.05; // bfloat16 has 8 bits of precision, and the blocks add up their roundings

    [TestMethod]
    public void Speech_encoders()
    {
        using var scope = NewDisposeScope();
        using var wide = Data2VecAudio.Load(Fixtures.Path("data2vec_audio"));
        using var narrow = Data2VecAudio.Load(Fixtures.Path("data2vec_audio"), ScalarType.BFloat16);
        var waveforms = rand([2, 3000], generator: new Generator(1)) - 0.5;
        var lengths = tensor(new long[] { 3000, 1800 });
        Check(wide.Encode(waveforms, lengths).Frames[0], narrow.Encode(waveforms, lengths).Frames[0]);
    }

    [TestMethod]
    public void T5_whole_and_step_by_step()
    {
        using var scope = NewDisposeScope();
        using var wide = T5.Load(Fixtures.Path("flan_t5"));
        using var narrow = T5.Load(Fixtures.Path("flan_t5"), ScalarType.BFloat16);
        var ids = tensor(new long[] { 5, 9, 20, 31, 7, 8 }).view(2, 3);
        var mask = tensor(new[] { true, true, true, true, true, false }).view(2, 3);
        var expected = wide.Logits(wide.Embed(ids), mask, ids);
        Check(expected, narrow.Logits(narrow.Embed(ids), mask, ids));
        Check(expected.select(1, 0), narrow.Begin(narrow.Embed(ids), mask, out var state));
        Check(expected.select(1, 1), narrow.Next(state, ids.select(1, 0)));
        state.Dispose();
    }

    [TestMethod]
    public void QFormers_of_a_whole_lavis_checkpoint()
    {
        using var scope = NewDisposeScope();
        using var wide = QFormer.Load(Fixtures.Path("blip2_stage1")); // beside it stand heads, query tokens and norms of the whole model
        using var narrow = QFormer.Load(Fixtures.Path("blip2_stage1"), ScalarType.BFloat16);
        using var random = new Generator(2);
        var (queries, frames) = (randn([1, 6, 32], generator: random), randn([2, 9, 24], generator: random));
        var ids = randint(3, 60, [2, 5], ScalarType.Int64, generator: random);
        var mask = tensor(new[] { true, true, true, true, true, true, true, false, false, false }).view(2, 5);

        (Tensor, Tensor, Tensor) Run(QFormer model, ScalarType type)
        {
            var (states, cls, generated) = model.AlignmentPass(queries.to(type), model.ProjectAudio(frames.to(type)), ids, mask, ids, mask);
            return (states, cls, model.PredictTokens(generated));
        }
        var (a, b, c) = Run(wide, ScalarType.Float32);
        var (x, y, z) = Run(narrow, ScalarType.BFloat16);
        Check(a, x);
        Check(b, y);
        Check(c, z);
    }

    private static void Check(Tensor wide, Tensor narrow)
    {
        Assert.AreEqual(ScalarType.BFloat16, narrow.dtype);
        double error = ModelFixture.RelativeError(wide, narrow.to(ScalarType.Float32));
        Console.WriteLine(error);
        Assert.IsLessThan(Close, error);
        Assert.IsGreaterThan(1e-5, error, "computed in single precision after all");
    }
}
