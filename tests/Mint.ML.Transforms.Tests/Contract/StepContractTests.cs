using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.ModelFiles;
using Mint.ML.Transforms.RowMapping;
using Mint.ML.Transforms.Tests.Pipeline;
using TorchSharp;

namespace Mint.ML.Transforms.Tests.Contract;

/// <summary>What ML.NET's users may expect of any step, in the spirit of ML.NET's own estimator tests. Every step of the assembly takes part in all of
/// it.</summary>
[TestClass]
public sealed class StepContractTests
{
    private static readonly ConcurrentDictionary<string, Lazy<ITransformer>> Fitted = new();

    private static MLContext Ml => EightClips.Shared.Ml;

    public static IEnumerable<object[]> Names => Step.All.Keys.Select(name => new object[] { name });

    private static ITransformer Fit(string name) => Fitted.GetOrAdd(name, _ => new(() => Step.All[name].Make(Ml).Fit(Step.All[name].Data()))).Value;

    private static string[] Values(string name) => RowText.Read(Fit(name).Transform(Step.All[name].Data()), Step.All[name].Added);

    [TestMethod]
    public void Every_step_of_the_assembly_takes_part()
    {
        var assembly = typeof(RowMapTransformer).Assembly;
        Type[] transformers = [.. assembly.GetTypes().Where(type => !type.IsAbstract && type.IsAssignableTo(typeof(ITransformer)))];
        CollectionAssert.AreEquivalent(transformers, Step.All.Values.Select(step => step.Transformer).Distinct().ToArray(), "add a line to Step.All for each");
        Type[] estimators = [.. assembly.GetTypes().Where(type => !type.IsAbstract && type.GetInterfaces().Any(one => one.Name == typeof(IEstimator<>).Name))];
        CollectionAssert.AreEquivalent(estimators, Step.All.Values.Select(step => step.Make(Ml).GetType()).Distinct().ToArray(),
            "add a line to Step.All for each");
    }

    [TestMethod, DynamicData(nameof(Names))]
    public void The_shape_that_is_promised_is_the_schema_that_comes(string name)
    {
        var (step, data) = (Step.All[name], Step.All[name].Data());
        var promised = step.Make(Ml).GetOutputSchema(SchemaColumns.Shape(data.Schema)).ToDictionary(column => column.Name);
        var come = SchemaColumns.Shape(Fit(name).GetOutputSchema(data.Schema)).ToDictionary(column => column.Name);
        CollectionAssert.AreEquivalent(come.Keys, promised.Keys);
        foreach (string added in step.Added) AreAlike(promised[added], come[added], added);
        Assert.AreEqual(step.Transformer, Fit(name).GetType());

        static void AreAlike(SchemaShape.Column promised, SchemaShape.Column come, string column)
        {
            Assert.AreEqual((promised.Kind, promised.ItemType, promised.IsKey), (come.Kind, come.ItemType, come.IsKey), column);
            foreach (var annotation in promised.Annotations)
                AreAlike(annotation, come.Annotations.Single(other => other.Name == annotation.Name), $"{column}, {annotation.Name}");
        }
    }

    [TestMethod, DynamicData(nameof(Names))]
    public void A_missing_column_and_one_of_a_wrong_type_are_named(string name)
    {
        var (step, data) = (Step.All[name], Step.All[name].Data());
        var without = Ml.Transforms.DropColumns(step.Input).Fit(data).Transform(data);
        var wrong = Ml.Transforms.CustomMapping<Nothing, Wrong>((_, output) => output.Value = true, null)
            .Append(Ml.Transforms.CopyColumns(step.Input, "Value")).Fit(without).Transform(without);
        foreach (var bad in (IDataView[])[without, wrong])
        {
            foreach (Action action in (Action[])
            [
                () => step.Make(Ml).Fit(bad), () => step.Make(Ml).GetOutputSchema(SchemaColumns.Shape(bad.Schema)),
                () => Fit(name).Transform(bad), () => Fit(name).GetOutputSchema(bad.Schema),
            ])
            {
                StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(action).Message, $"'{step.Input}'");
            }
        }
    }

    private sealed class Nothing;

    private sealed class Wrong
    {
        public bool Value { get; set; }
    }

    [TestMethod, DynamicData(nameof(Names))]
    public void Null_is_an_argument_that_is_missing(string name)
    {
        var estimator = Step.All[name].Make(Ml);
        Assert.ThrowsExactly<ArgumentNullException>(() => estimator.Fit(null!));
        Assert.ThrowsExactly<ArgumentNullException>(() => estimator.GetOutputSchema(null!));
        Assert.ThrowsExactly<ArgumentNullException>(() => Fit(name).Transform(null!));
        Assert.ThrowsExactly<ArgumentNullException>(() => Fit(name).GetOutputSchema(null!));
    }

    [TestMethod, DynamicData(nameof(Names))]
    public void Nothing_is_read_before_somebody_asks(string name)
    {
        var (step, counted) = (Step.All[name], new CountingView(Step.All[name].Data()));
        if (name is not ("BridgeNet" or "InstructionTuning"))
        {
            step.Make(Ml).Fit(counted);
            Assert.AreEqual(0, counted.Cursors, "nothing is trained");
        }
        var view = Fit(name).Transform(counted);
        Assert.AreEqual(0, counted.Cursors);
        using (var cursor = view.GetRowCursor(view.Schema))
        {
            Assert.AreEqual(1, counted.Cursors);
            Assert.AreEqual(0, counted.Rows);
            cursor.MoveNext();
        }
        Assert.IsLessThanOrEqualTo(Fit(name) is RowMapTransformer mapper ? mapper.BatchSize : 1, counted.Rows, "no more than the batch at hand");
    }

    [TestMethod, DynamicData(nameof(Names))]
    public void A_cursor_gives_the_same_over_any_columns_and_after_one_was_left(string name)
    {
        var (step, view) = (Step.All[name], Fit(name).Transform(Step.All[name].Data()));
        string[] whole = Values(name);
        Assert.IsNotEmpty(whole);
        using (var left = view.GetRowCursor(view.Schema))
        {
            var row = RowText.Reader(left, step.Added.Select(added => view.Schema[added]));
            for (int i = 0; i < 2; i++)
            {
                Assert.IsTrue(left.MoveNext());
                Assert.AreEqual(whole[i], row());
            }
        }
        for (int i = 0; i < step.Added.Length; i++)
        {
            int column = i;
            CollectionAssert.AreEqual(whole.Select(row => row.Split(" | ")[column]).ToArray(), RowText.Read(view, step.Added[i]), step.Added[i]);
            using var cursor = view.GetRowCursor([view.Schema[step.Added[i]]]);
            foreach (var other in view.Schema.Where(other => other.Index != view.Schema[step.Added[column]].Index))
                Assert.IsFalse(cursor.IsColumnActive(other), other.Name);
        }
        CollectionAssert.AreEqual(whole, RowText.Read(view, step.Added));
    }

    [TestMethod, DynamicData(nameof(Names))]
    public void Shuffled_rows_are_the_same_rows_under_the_same_ids(string name)
    {
        var (step, view) = (Step.All[name], Fit(name).Transform(Step.All[name].Data()));
        OneRowAtATime(name, () => CollectionAssert.AreEquivalent(ById(null).ToArray(), ById(new Random(3)).ToArray()));

        Dictionary<DataViewRowId, string> ById(Random? random)
        {
            var columns = step.Added.Select(added => view.Schema[added]).ToArray();
            using var cursor = view.GetRowCursor(columns, random);
            var (row, readId) = (RowText.Reader(cursor, columns), cursor.GetIdGetter());
            var rows = new Dictionary<DataViewRowId, string>();
            while (cursor.MoveNext())
            {
                DataViewRowId id = default;
                readId(ref id);
                rows.Add(id, row());
            }
            return rows;
        }
    }

    [TestMethod, DynamicData(nameof(Names))]
    public void Cursors_side_by_side_and_sets_of_them_give_every_row_once(string name)
    {
        var (step, view) = (Step.All[name], Fit(name).Transform(Step.All[name].Data()));
        var columns = step.Added.Select(added => view.Schema[added]).ToArray();
        string[] whole = Values(name);
        using (var first = view.GetRowCursor(columns))
        using (var second = view.GetRowCursor(columns))
        {
            var rows = RowText.Rest(first, columns).Zip(RowText.Rest(second, columns)).ToArray();
            CollectionAssert.AreEqual(whole, rows.Select(pair => pair.First).ToArray());
            CollectionAssert.AreEqual(whole, rows.Select(pair => pair.Second).ToArray());
        }
        var set = view.GetRowCursorSet(columns, 4);
        CollectionAssert.AreEquivalent(whole, set.SelectMany(cursor => RowText.Rest(cursor, columns)).ToArray());
        foreach (var cursor in set) cursor.Dispose();
    }

    [TestMethod, DynamicData(nameof(Names))]
    public void A_row_mapper_gives_what_the_view_gives(string name)
    {
        var (step, data, transformer) = (Step.All[name], Step.All[name].Data(), Fit(name));
        Assert.AreEqual(step.MapsRows, transformer.IsRowToRowMapper);
        if (!step.MapsRows)
        {
            Assert.ThrowsExactly<InvalidOperationException>(() => transformer.GetRowToRowMapper(data.Schema));
            return;
        }
        var mapper = transformer.GetRowToRowMapper(data.Schema);
        var columns = step.Added.Select(added => mapper.OutputSchema[added]).ToArray();
        var needed = mapper.GetDependencies(columns).ToArray();
        Assert.IsTrue(needed.Any(column => column.Name == step.Input), "what it reads");
        CollectionAssert.IsSubsetOf(needed.Select(column => column.Index).ToArray(), data.Schema.Select(column => column.Index).ToArray());
        using var cursor = data.GetRowCursor(needed);
        using var row = mapper.GetRow(cursor, columns);
        var read = RowText.Reader(row, columns);
        var mapped = new List<string>();
        while (cursor.MoveNext()) mapped.Add(read());
        OneRowAtATime(name, () => CollectionAssert.AreEqual(Values(name), mapped));
    }

    // A row's values differ in their last bits with the rows beside it in a batch, as sums of floating-point numbers do.
    private static void OneRowAtATime(string name, Action action)
    {
        var mapper = Fit(name) as RowMapTransformer;
        int before = mapper?.BatchSize ?? 1;
        if (mapper is not null) mapper.BatchSize = 1;
        try
        {
            action();
        }
        finally
        {
            if (mapper is not null) mapper.BatchSize = before;
        }
    }

    [TestMethod, DynamicData(nameof(Names))]
    public void A_cache_behind_it_gives_what_it_gives(string name)
    {
        var step = Step.All[name];
        if (step.Added.Contains("Audio")) return; // ML.NET caches its own types alone, and says so
        CollectionAssert.AreEqual(Values(name), RowText.Read(Ml.Data.Cache(Fit(name).Transform(step.Data()), step.Added), step.Added));
    }

    [TestMethod, DynamicData(nameof(Names))]
    public void Saved_and_loaded_twice_it_gives_the_same_bits(string name)
    {
        var (step, transformer) = (Step.All[name], Fit(name));
        for (int round = 0; round < 2; round++)
        {
            using var zip = new MemoryStream();
            Ml.Model.Save(transformer, step.Data().Schema, zip);
            zip.Position = 0;
            transformer = new FrozenModelFolders(EightClips.Shared.Folder).During(() => new MLContext().Model.Load(zip, out _));
            CollectionAssert.AreEqual(Values(name), RowText.Read(transformer.Transform(step.Data()), step.Added), $"round {round}");
        }
    }

    /// <summary>All of them at once, as a process takes its time to start.</summary>
    [TestMethod]
    public void Loaded_in_another_process_every_step_gives_the_same_bits()
    {
        string folder = Directory.CreateDirectory(Path.Combine(EightClips.Shared.Folder, "steps")).FullName;
        foreach (var (name, step) in Step.All) Ml.Model.Save(step.Whole(Fit(name)), EightClips.Shared.Data.Schema, Path.Combine(folder, $"{name}.zip"));
        var start = new ProcessStartInfo("dotnet",
            [typeof(StepContractTests).Assembly.Location, "--filter", $"FullyQualifiedName~{nameof(What_the_other_process_does)}"])
        {
            RedirectStandardOutput = true,
            Environment = { [FolderVariable] = folder, [FrozenModelFolders.Variable] = EightClips.Shared.Folder },
        };
        using var process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.AreEqual(0, process.ExitCode, output);
        foreach (var (name, step) in Step.All)
        {
            CollectionAssert.AreEqual(RowText.Read(step.Whole(Fit(name)).Transform(EightClips.Shared.Data), step.Added),
                File.ReadAllLines(Path.Combine(folder, $"{name}.txt")), name);
        }
    }

    private const string FolderVariable = "MINT_TEST_STEPS";

    /// <summary>What the other process does; without its folder there is nothing to check.</summary>
    [TestMethod]
    public void What_the_other_process_does()
    {
        if (Environment.GetEnvironmentVariable(FolderVariable) is not { } folder) return;
        var ml = new MLContext();
        var data = ml.Data.LoadFromAudioManifest(Path.Combine(folder, "..", "clips.csv"));
        foreach (string file in Directory.GetFiles(folder, "*.zip"))
        {
            var model = (TransformerChain<ITransformer>)ml.Model.Load(file, out _);
            var view = model.Transform(data);
            File.WriteAllLines(Path.ChangeExtension(file, ".txt"), RowText.Read(view, Step.All[Path.GetFileNameWithoutExtension(file)].Added));
        }
    }

    [TestMethod, DynamicData(nameof(Names))]
    public void Disposed_it_says_so_and_what_it_shared_lives_on(string name)
    {
        var (step, whole) = (Step.All[name], Values(name));
        if (step.Make(Ml).Fit(step.Data()) is not IDisposable disposable) return;
        var view = ((ITransformer)disposable).Transform(step.Data());
        disposable.Dispose();
        disposable.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => ((ITransformer)disposable).Transform(step.Data()));
        Assert.ThrowsExactly<ObjectDisposedException>(() => RowText.Read(view, step.Added));
        CollectionAssert.AreEqual(whole, Values(name), "another of the same models");
    }

    [TestMethod, DynamicData(nameof(Names))]
    public void Sixteen_threads_get_the_same(string name)
    {
        string[] whole = Values(name);
        var answers = new ConcurrentBag<string[]>();
        Thread[] threads = [.. Enumerable.Range(0, 16).Select(_ => new Thread(() => answers.Add(Values(name))))];
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        Assert.HasCount(16, answers);
        foreach (string[] answer in answers) CollectionAssert.AreEqual(whole, answer);
    }

    [TestMethod, DynamicData(nameof(Names))]
    public void Reading_again_and_again_leaves_no_tensors(string name)
    {
        Values(name);
        long before = Live();
        for (int pass = 0; pass < 10; pass++) Values(name);
        Assert.AreEqual(before, Live());

        [MethodImpl(MethodImplOptions.NoInlining)]
        static long Live()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return torch.Tensor.TotalCount;
        }
    }
}
