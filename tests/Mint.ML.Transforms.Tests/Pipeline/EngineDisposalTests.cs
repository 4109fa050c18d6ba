using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.ML;
using Mint.ML.ModelFiles;
using Mint.ML.Transforms.Tests.RowMapping;

namespace Mint.ML.Transforms.Tests.Pipeline;

/// <summary>A transformer whose engines come and go until the runtime inlines their Dispose.</summary>
[TestClass]
public sealed class EngineDisposalTests
{
    private const int Each = 12_500;
    private static readonly MLContext Ml = new(seed: 1);

    private sealed class Source
    {
        public float[] Features { get; set; } = [];
    }

    private sealed class Result
    {
        public float[] Scaled { get; set; } = [];
    }

    [TestMethod]
    public void Fifty_thousand_engines_leave_their_transformer_alive_in_whatever_way_they_are_disposed()
    {
        var weight = new ScaleTransformer.Weight(2);
        var step = new ScaleTransformer(Ml, new SharedModel<ScaleTransformer.Weight>(weight));
        var make = Maker(step);
        Action<Func<PredictionEngine<Source, Result>>>[] ways = [InTurn, ByAHelper, AsDisposables, Used];
        foreach (var way in ways)
        {
            way(make);
            Assert.IsFalse(weight.Disposed, way.Method.Name);
        }
        step.Dispose();
        Assert.IsTrue(weight.Disposed, "nobody but its user is left to dispose of it");
        DisposesBesideAnEngine();
    }

    // By a method that never disposed an engine: a hot one cannot be told from an engine's Dispose while engines are left.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void DisposesBesideAnEngine()
    {
        var weight = new ScaleTransformer.Weight(2);
        var step = new ScaleTransformer(Ml, new SharedModel<ScaleTransformer.Weight>(weight));
        using var engine = Ml.Model.CreatePredictionEngine<Source, Result>(step, new PredictionEngineOptions { OwnsTransformer = false });
        Release(step);
        Assert.IsTrue(weight.Disposed);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Release(ScaleTransformer step) => step.Dispose();

    private static void InTurn(Func<PredictionEngine<Source, Result>> make)
    {
        for (int i = 0; i < Each; i++)
        {
            var engine = make();
            engine.Dispose();
        }
    }

    private static void ByAHelper(Func<PredictionEngine<Source, Result>> make)
    {
        for (int i = 0; i < Each / 100; i++)
        {
            var engines = Enumerable.Range(0, 100).Select(_ => make()).ToArray();
            foreach (var engine in engines) Close(engine);
        }
    }

    private static void Close(PredictionEngine<Source, Result> engine) => engine.Dispose();

    private static void AsDisposables(Func<PredictionEngine<Source, Result>> make)
    {
        for (int i = 0; i < Each / 50; i++)
        {
            List<IDisposable> engines = [.. Enumerable.Range(0, 50).Select(_ => make())];
            foreach (var engine in engines) engine.Dispose();
        }
    }

    private static void Used(Func<PredictionEngine<Source, Result>> make)
    {
        for (int i = 0; i < Each; i++)
        {
            using var engine = make();
        }
    }

    // Engines with all that Dispose looks at and a row of their transformer, without the code that ML.NET emits for each, which takes a millisecond.
    private static Func<PredictionEngine<Source, Result>> Maker(ITransformer step)
    {
        const BindingFlags Private = BindingFlags.Instance | BindingFlags.NonPublic;
        var engines = typeof(PredictionEngineBase<Source, Result>);
        var (owns, transformer) = (engines.GetField("_ownsTransformer", Private)!, engines.GetField("<Transformer>k__BackingField", Private)!);
        var data = Ml.Data.LoadFromEnumerable((Source[])[new() { Features = [1] }]);
        var mapper = step.GetRowToRowMapper(data.Schema);
        var row = data.GetRowCursor(data.Schema);
        return () =>
        {
            var engine = (PredictionEngine<Source, Result>)RuntimeHelpers.GetUninitializedObject(typeof(PredictionEngine<Source, Result>));
            owns.SetValue(engine, true);
            transformer.SetValue(engine, step);
            mapper.GetRow(row, []);
            return engine;
        };
    }
}
