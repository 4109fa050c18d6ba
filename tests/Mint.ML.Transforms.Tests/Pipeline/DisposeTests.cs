using System.Runtime.CompilerServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.ModelFiles;
using Mint.ML.Transforms.Tests.RowMapping;

namespace Mint.ML.Transforms.Tests.Pipeline;

/// <summary>Who ends a model, and when.</summary>
[TestClass]
public sealed class DisposeTests
{
    private static readonly MLContext Ml = new(seed: 1);

    private sealed class Source
    {
        public float[] Features { get; set; } = [];
    }

    private sealed class Result
    {
        public float[] Scaled { get; set; } = [];
    }

    private static (ScaleTransformer Step, ScaleTransformer.Weight Weight) Scale()
    {
        var weight = new ScaleTransformer.Weight(2);
        return (new(Ml, new SharedModel<ScaleTransformer.Weight>(weight)), weight);
    }

    [TestMethod]
    public void Three_engines_and_the_model_disposed_leave_nothing_whatever_the_order()
    {
        foreach (bool owns in (bool[])[true, false])
        {
            var (step, weight) = Scale();
            var engines = Enumerable.Range(0, 3)
                .Select(_ => Ml.Model.CreatePredictionEngine<Source, Result>(step, new PredictionEngineOptions { OwnsTransformer = owns })).ToArray();
            foreach (var engine in engines)
            {
                Assert.AreEqual(2, engine.Predict(new Source { Features = [1] }).Scaled[0]);
                engine.Dispose();
            }
            Assert.IsFalse(weight.Disposed, "the model is not the engines'");
            step.Dispose();
            Assert.IsTrue(weight.Disposed, $"owns: {owns}");
        }
    }

    [TestMethod]
    public void A_bare_row_mapper_claims_nothing()
    {
        var (step, weight) = Scale();
        var schema = Ml.Data.LoadFromEnumerable<Source>([]).Schema;
        for (int i = 0; i < 3; i++) ((ITransformer)step).GetRowToRowMapper(schema);
        step.Dispose();
        Assert.IsTrue(weight.Disposed);
    }

    [TestMethod]
    public void An_engine_of_a_disposed_model_says_so()
    {
        var (step, _) = Scale();
        using var engine = Ml.Model.CreatePredictionEngine<Source, Result>(step);
        step.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => engine.Predict(new Source { Features = [1] }));
    }

    // ML.NET disposes a chain once, by the first engine that goes: what is left to say is that nothing else holds its weights.
    [TestMethod]
    public void The_weights_of_a_chain_that_its_engines_owned_are_collected()
    {
        var clips = EightClips.Shared;
        string file = Path.Combine(clips.Folder, "disposed.zip");
        clips.Ml.Model.Save(clips.Model, clips.Data.Schema, file);
        var weights = Used(file);
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        Assert.IsFalse(weights.IsAlive);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference Used(string file)
        {
            var ml = new MLContext();
            var model = new FrozenModelFolders(EightClips.Shared.Folder).During(() => ml.Model.Load(file, out _));
            string path = EightClips.Shared.Data.GetColumn<string>("Path").First();
            var engines = Enumerable.Range(0, 3).Select(_ => ml.Model.CreatePredictionEngine<Sound, EightClips.Answer>(model)).ToArray();
            foreach (var engine in engines)
            {
                engine.Predict(new Sound { Path = path });
                engine.Dispose();
            }
            Assert.HasCount(8, EightClips.Answers(ml, model, EightClips.Shared.Data), "the model is not the engines'");
            ((IDisposable)model).Dispose();
            return new(((IEnumerable<ITransformer>)model).OfType<InstructionTunedTransformer>().Single().Model.Value.Model.Bridge);
        }
    }

    private sealed class Sound
    {
        public string Path { get; set; } = "";
    }

    [TestMethod]
    public void Disposing_waits_for_the_batch_that_another_thread_computes()
    {
        var weight = new Slow();
        var step = new ScaleTransformer(Ml, new SharedModel<ScaleTransformer.Weight>(weight));
        var data = Ml.Data.LoadFromEnumerable((Source[])[new() { Features = [1] }]);
        var computing = Task.Run(() => step.Transform(data).GetColumn<float[]>("Scaled").Single()[0]);
        weight.Asked.Wait();
        step.Dispose();
        Assert.IsFalse(weight.Disposed);
        weight.Go.Set();
        Assert.AreEqual(2, computing.Result);
        Assert.IsTrue(weight.Disposed);
    }

    [TestMethod]
    public void Disposing_waits_for_the_save_of_another_thread()
    {
        var weight = new Slow();
        var step = new ScaleTransformer(Ml, new SharedModel<ScaleTransformer.Weight>(weight));
        using var file = new MemoryStream();
        var saving = Task.Run(() => Ml.Model.Save(step, null, file));
        weight.Asked.Wait();
        step.Dispose();
        Assert.IsFalse(weight.Disposed);
        weight.Go.Set();
        saving.Wait();
        Assert.IsTrue(weight.Disposed);
    }

    private sealed class Slow() : ScaleTransformer.Weight(2)
    {
        public ManualResetEventSlim Asked { get; } = new();
        public ManualResetEventSlim Go { get; } = new();

        public override float Factor
        {
            get
            {
                Asked.Set();
                Go.Wait();
                return base.Factor;
            }
        }
    }
}
