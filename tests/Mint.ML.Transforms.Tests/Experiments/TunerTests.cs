using Microsoft.ML;
using Mint.ML.Transforms.Experiments;

namespace Mint.ML.Transforms.Tests.Experiments;

[TestClass]
public sealed class TunerTests
{
    private readonly MLContext ml = new(seed: 1);

    [TestMethod]
    public void A_grid_tries_every_combination_once_and_its_best_is_that_of_three_loops()
    {
        var space = new SearchSpace();
        var a = space.AddUniformDouble("a", 0, 1);
        var b = space.AddUniformInt("b", 1, 3);
        var c = space.AddChoice("c", true, false);
        static double Worth(double a, int b, bool c) => a * 3 - (b - 2) * (b - 2) + (c ? 0.25 * b : 0);
        var seen = new List<(double, int, bool)>();
        var best = SumExperiment.Create(ml, space, trial =>
        {
            seen.Add((trial.Get(a), trial.Get(b), trial.Get(c)));
            return Worth(trial.Get(a), trial.Get(b), trial.Get(c));
        }).SetGridSearchTuner(step: 5).Run();

        var all = new List<(double A, int B, bool C)>();
        foreach (double x in new[] { 0, 0.25, 0.5, 0.75, 1 })
        {
            foreach (int y in new[] { 1, 2, 3 })
            {
                foreach (bool z in new[] { true, false })
                    all.Add((x, y, z));
            }
        }

        CollectionAssert.AreEqual(all, seen);
        var expected = all.MaxBy(one => Worth(one.A, one.B, one.C));
        Assert.AreEqual(expected, (best.TrialSettings.Get(a), best.TrialSettings.Get(b), best.TrialSettings.Get(c)));
        Assert.AreEqual(Worth(expected.A, expected.B, expected.C), best.Metric, 1e-5);
    }

    [TestMethod]
    public void A_logarithmic_grid_has_equal_factors_between_its_values()
    {
        var space = new SearchSpace();
        var rate = space.AddUniformDouble("rate", 1e-4, 1, logBase: true);
        var experiment = SumExperiment.Create(ml, space, trial => trial.Get(rate)).SetGridSearchTuner(step: 5);
        experiment.Run();
        double[] rates = [.. experiment.Trials.Select(trial => trial.TrialSettings.Get(rate))];
        for (int i = 0; i < 5; i++) Assert.AreEqual(Math.Pow(10, i - 4), rates[i], 1e-12);
    }

    [TestMethod]
    public void Less_may_be_better()
    {
        var space = new SearchSpace();
        var a = space.AddChoice("a", 3, 1, 2);
        var best = SumExperiment.Create(ml, space, trial => trial.Get(a)).SetGridSearchTuner().SetEvaluateMetric("loss", SumExperiment.Mean, maximize: false)
            .Run();
        Assert.AreEqual(1, best.TrialSettings.Get(a));
    }

    [TestMethod]
    public void Of_equal_trials_the_first_is_the_best()
    {
        var space = new SearchSpace();
        space.AddChoice("a", 1, 2, 3);
        Assert.AreEqual(1, SumExperiment.Create(ml, space, _ => 7).SetGridSearchTuner().Run().TrialSettings.TrialId);
    }

    [TestMethod]
    public void Chance_is_the_seeds_stays_in_the_ranges_and_a_longer_search_begins_with_the_shorter()
    {
        double[] Rates(int seed, int count)
        {
            var space = new SearchSpace();
            var rate = space.AddUniformDouble("rate", 1e-4, 1e-2, logBase: true);
            var layers = space.AddUniformInt("layers", 2, 4);
            var experiment = SumExperiment.Create(ml, space, trial => trial.Get(layers), seed).SetMaxModelToExplore(count);
            experiment.Run();
            foreach (var trial in experiment.Trials) Assert.IsTrue(trial.TrialSettings.Get(layers) is >= 2 and <= 4);
            Assert.HasCount(3, experiment.Trials.Select(trial => trial.TrialSettings.Get(layers)).Distinct().ToList());
            return [.. experiment.Trials.Select(trial => trial.TrialSettings.Get(rate))];
        }
        double[] forty = Rates(1, 40);
        CollectionAssert.AreEqual(forty, Rates(1, 40));
        CollectionAssert.AreEqual(forty[..20], Rates(1, 20));
        CollectionAssert.AreNotEqual(forty, Rates(2, 40));
        Assert.IsTrue(forty.All(rate => rate is >= 1e-4 and <= 1e-2));
        Assert.IsTrue(forty.Count(rate => rate < 1e-3) is > 10 and < 30, "half of a logarithmic range is below its geometric mean");
    }

    [TestMethod]
    public void Chance_tries_nothing_twice_and_ends_when_a_space_has_been_tried()
    {
        var space = new SearchSpace();
        var a = space.AddChoice("a", 1, 2, 3);
        var b = space.AddChoice("b", "x", "y");
        var experiment = SumExperiment.Create(ml, space, trial => trial.Get(a) + trial.Get(b).Length);
        experiment.Run();
        Assert.HasCount(6, experiment.Trials);
        Assert.HasCount(6, experiment.Trials.Select(trial => (trial.TrialSettings.Get(a), trial.TrialSettings.Get(b))).Distinct().ToList());
    }

    [TestMethod]
    public void Chance_without_an_end_is_refused_before_a_trial()
    {
        var space = new SearchSpace();
        var a = space.AddUniformDouble("a", 0, 1);
        var experiment = SumExperiment.Create(ml, space, trial => trial.Get(a));
        Assert.Contains("SetMaxModelToExplore", Assert.ThrowsExactly<InvalidOperationException>(() => experiment.Run()).Message);
        Assert.Contains("SetMaxModelToExplore", Assert.ThrowsExactly<InvalidOperationException>(() => experiment.SetSuccessiveHalvingTuner().Run()).Message);
    }

    [TestMethod]
    public void Halving_keeps_the_better_half_of_every_rung_as_brute_force_has_it()
    {
        var space = new SearchSpace();
        var a = space.AddUniformDouble("a", 0, 1);
        // What is best with few epochs need not be with many.
        static double Worth(double a, int epochs) => a + Math.Sin(50 * a * epochs);
        var experiment = SumExperiment.Create(ml, space, trial => Worth(trial.Get(a), trial.Scale(16))).SetMaxModelToExplore(8).SetSuccessiveHalvingTuner();
        var best = experiment.Run();

        double[] left = [.. experiment.Trials.Take(8).Select(trial => trial.TrialSettings.Get(a))];
        var expected = new List<(double, int, double)>();
        foreach (int epochs in new[] { 2, 4, 8, 16 })
        {
            expected.AddRange(left.Select(one => (one, epochs, epochs / 16.0)));
            left = [.. left.OrderByDescending(one => Worth(one, epochs)).Take(Math.Max(1, left.Length / 2))];
        }
        CollectionAssert.AreEqual(expected, experiment.Trials.Select(trial =>
            (trial.TrialSettings.Get(a), trial.TrialSettings.Scale(16), trial.TrialSettings.Share)).ToList());
        CollectionAssert.AreEqual((int[])[8, 4, 2, 1], experiment.Trials.GroupBy(trial => trial.TrialSettings.Rung).Select(rung => rung.Count()).ToArray());
        Assert.AreEqual(expected.Max(one => Worth(one.Item1, one.Item2)), best.Metric, 1e-5);
    }

    [TestMethod]
    public void A_trial_that_failed_goes_no_further()
    {
        var space = new SearchSpace();
        var a = space.AddChoice("a", Enumerable.Range(0, 9).ToArray());
        var experiment = SumExperiment.Create(ml, space, trial =>
                trial.Scale(9) > 0 && trial.Get(a) >= 2 ? throw new ArithmeticException("it burst") : trial.Get(a))
            .SetSuccessiveHalvingTuner(reductionFactor: 3);
        Assert.AreEqual(1, experiment.Run().TrialSettings.Get(a));
        CollectionAssert.AreEqual((int[])[9, 2, 1], experiment.Trials.GroupBy(trial => trial.TrialSettings.Rung).Select(rung => rung.Count()).ToArray());
        Assert.IsTrue(experiment.Trials.Where(trial => trial.TrialSettings.Rung > 0).All(trial => trial.TrialSettings.Get(a) < 2));
    }

    [TestMethod]
    public void Halving_of_rows_trains_on_a_part_that_the_next_rung_has_too()
    {
        var space = new SearchSpace();
        var a = space.AddChoice("a", 1, 2, 3, 4);
        var rows = new List<(int Rung, float[] X)>();
        var data = ml.Data.LoadFromEnumerable(Enumerable.Range(0, 400).Select(i => new SumExperiment.Row { X = i }).ToList());
        var experiment = ml.AudioLanguage().CreateExperiment().SetPipeline(space, (ml, trial) =>
                new Spy(ml, trial.Get(a), train => rows.Add((trial.Rung, [.. Microsoft.ML.Data.ColumnCursorExtensions.GetColumn<float>(train, "X")]))))
            .SetDataset(data, SumExperiment.Rows(ml)).SetEvaluateMetric("mean", SumExperiment.Mean)
            .SetSuccessiveHalvingTuner(resource: HalvingResource.Rows);
        Assert.AreEqual(4, experiment.Run().TrialSettings.Get(a));
        float[][] rungs = [.. rows.GroupBy(one => one.Rung).Select(rung => rung.First().X)];
        Assert.AreEqual(100, rungs[0].Length, 30);
        Assert.AreEqual(200, rungs[1].Length, 40);
        Assert.HasCount(400, rungs[2]);
        CollectionAssert.IsSubsetOf(rungs[0], rungs[1]);
        foreach (var rung in rows.GroupBy(one => one.Rung)) foreach (var (_, x) in rung) CollectionAssert.AreEqual(rungs[rung.Key], x);
    }

    [TestMethod]
    public void Halving_a_pipeline_that_does_not_ask_for_its_share_is_an_error()
    {
        var space = new SearchSpace();
        var a = space.AddChoice("a", 1, 2, 3, 4);
        var experiment = SumExperiment.Create(ml, space, trial => trial.Get(a)).SetSuccessiveHalvingTuner();
        Assert.Contains("trial.Scale(epochs)", Assert.Throws<InvalidOperationException>(() => experiment.Run()).Message);
        Assert.IsEmpty(experiment.Trials);
    }

    [TestMethod]
    public void More_rungs_than_halvings_are_refused()
    {
        var space = new SearchSpace();
        var a = space.AddChoice("a", 1, 2, 3, 4);
        var experiment = SumExperiment.Create(ml, space, trial => trial.Scale(trial.Get(a))).SetSuccessiveHalvingTuner(rungs: 4);
        Assert.Contains("4 rungs are asked for; 4 configurations are one after 3",
            Assert.ThrowsExactly<InvalidOperationException>(() => experiment.Run()).Message);
    }

    [TestMethod]
    public void A_space_refuses_what_is_no_parameter()
    {
        var space = new SearchSpace();
        space.AddChoice("a", 1);
        foreach (var (add, message) in new (Action, string)[]
        {
            (() => space.AddChoice("a", 2), "'a' already"),
            (() => space.AddChoice("Metric", 2), "every leaderboard has"),
            (() => space.AddChoice<int>("b"), "no values"),
            (() => space.AddChoice("b", 2, 2), "2 values that are called '2'"),
            (() => space.AddChoice("b", new int[] { 1 }, [2]), "AddNamedChoice"),
            (() => space.AddUniformDouble("b", 2, 1), "the lower first"),
            (() => space.AddUniformDouble("b", 0, double.NaN), "the lower first"),
            (() => space.AddUniformInt("b", 0, 5, logBase: true), "begins above 0"),
        })
        {
            Assert.Contains(message, Assert.Throws<ArgumentException>(add).Message);
        }
        var named = space.AddNamedChoice("b", ("short", new int[] { 1 }), ("long", [1, 2, 3]));
        var other = new SearchSpace().AddChoice("a", 1);
        var experiment = SumExperiment.Create(ml, space, trial => trial.Get(named).Length).SetGridSearchTuner();
        Assert.AreEqual("long", experiment.Run().TrialSettings.Parameters["b"]);
        Assert.Contains("'a' is not of the search space", Assert.ThrowsExactly<ArgumentException>(() => experiment.Trials[0].TrialSettings.Get(other)).Message);
    }
}
