using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Tests.Files;
using Mint.ML.Training.Data;

namespace Mint.ML.Transforms.Tests.Pipeline;

[TestClass]
public sealed class FrameCacheTests
{
    private static EightClips Clips => EightClips.Shared;
    private static MLContext Ml => Clips.Ml;

    private readonly string cache = Path.Combine(EightClips.Shared.Folder, "cache-" + Guid.NewGuid().ToString("N"));

    private string[] Entries => [.. Directory.GetFiles(cache, "*.safetensors").Order(StringComparer.Ordinal)];

    private AudioFeaturizingTransformer? featurizer;

    private IDataView Features(bool cached, int batchSize = 3)
    {
        var audio = Ml.Transforms.LoadAudio().Fit(Clips.Data).Transform(Clips.Data);
        var step = Ml.Transforms.FeaturizeAudio("Features", "Audio", Clips.Encoder, batchSize, cached ? cache : null).Fit(audio);
        if (cached) featurizer = step;
        return step.Transform(audio);
    }

    [TestCleanup]
    public void LetGo() => featurizer?.Dispose();

    private static BridgeNetTrainer Stage1(IDataView? heldOut = null) => Ml.AudioLanguage().Trainers.BridgeNet(
        new BridgeNetTrainer.Options { Bridge = EightClips.Bridge, Training = EightClips.Training, VocabularySize = 80, Seed = 5, ValidationSet = heldOut });

    private static InstructionTuner Stage2() => Ml.AudioLanguage().Trainers.InstructionTuning(
        new InstructionTuner.Options { LanguageModel = Clips.LanguageModel, Training = EightClips.Training, Seed = 5 });

    [TestMethod]
    public void Features_come_from_the_cache_as_the_encoder_gives_them_for_each_clip_alone()
    {
        float[][] expected = [.. Features(cached: false, batchSize: 1).GetColumn<float[]>("Features")];
        var cached = Features(cached: true);
        foreach (int pass in (int[])[1, 2])
            foreach (var (one, other) in expected.Zip(cached.GetColumn<float[]>("Features"))) CollectionAssert.AreEqual(one, other, $"pass {pass}");
        Assert.HasCount(8, Entries);
        CollectionAssert.AreEquivalent(Entries.Select(Path.GetFileNameWithoutExtension).ToArray(), cached.GetColumn<string>("FeaturesEntry").ToArray());
    }

    [TestMethod]
    public void A_later_pass_reads_the_entries_and_encodes_nothing()
    {
        var cached = Features(cached: true);
        _ = cached.GetColumn<float[]>("Features").ToArray();
        // What is in the entry is what comes out: the second pass cannot have been the encoder's.
        string key = cached.GetColumn<string>("FeaturesEntry").First();
        float[] planted;
        using (var store = new FrameStore(cache, Checkpoints.ModelFolder.Hash(Clips.Encoder)))
        {
            planted = [.. store.Read(key)!.Select((_, i) => (float)i)];
            using var frames = TorchSharp.torch.tensor(planted, [planted.Length / featurizer!.FrameWidth, featurizer.FrameWidth]);
            store.Write(key, frames, "planted");
        }
        featurizer.Dispose();
        CollectionAssert.AreEqual(planted, Features(cached: true).GetColumn<float[]>("Features").First());
    }

    [TestMethod]
    public void Training_from_the_cache_gives_the_model_of_training_from_memory_bit_for_bit()
    {
        var (memory, disk) = (Features(cached: false, batchSize: 1), Features(cached: true));
        var (expected, trained) = (Stage1().Fit(memory), Stage1().Fit(disk));
        string[] one = [.. expected.Transform(memory).GetColumn<float[]>("AudioEmbedding").Select(values => string.Join(' ', values))];
        CollectionAssert.AreEqual(one, trained.Transform(memory).GetColumn<float[]>("AudioEmbedding").Select(values => string.Join(' ', values)).ToArray());

        // Stage 2 finds the cache behind stage 1.
        var (expected2, trained2) = (Stage2().Fit(expected.Transform(memory)), Stage2().Fit(trained.Transform(disk)));
        CollectionAssert.AreEqual(expected2.Training!.LastLosses.Values.ToArray(), trained2.Training!.LastLosses.Values.ToArray());
    }

    [TestMethod]
    public void A_trainer_with_a_cache_never_asks_for_the_features_themselves()
    {
        var counted = new CountedView(Features(cached: true));
        Stage1(heldOut: counted).Fit(counted);
        Assert.AreEqual(0, counted.Read("Features"));
        Assert.AreEqual(16, counted.Read("FeaturesEntry"), "eight rows to train on and eight held out, each once");
    }

    [TestMethod]
    public void Without_a_cache_each_row_is_featurized_once_a_fit_and_once_as_held_out_data()
    {
        var features = Features(cached: false);
        CountedView train = new(features), heldOut = new(features);
        var stage1 = Stage1(heldOut).Fit(train);
        Assert.AreEqual(8, train.Read("Features"));
        Assert.AreEqual(8, heldOut.Read("Features"));
        var tuning = new CountedView(stage1.Transform(features));
        Stage2().Fit(tuning);
        Assert.AreEqual(8, tuning.Read("Features"));
    }

    [TestMethod]
    public void Behind_a_cache_checkpoint_keys_are_what_is_held_in_memory()
    {
        var features = Features(cached: true);
        var counted = new CountedView(features);
        var checkpoint = Ml.Data.Cache(counted);
        var stage1 = Stage1().Fit(checkpoint);
        Stage2().Fit(stage1.Transform(checkpoint));
        Assert.AreEqual(0, counted.Read("Features"));
        Assert.AreEqual(8, counted.Read("FeaturesEntry"));
    }

    [TestMethod]
    public void A_cache_that_another_process_has_is_refused_before_anything_is_computed()
    {
        Directory.CreateDirectory(cache);
        using var other = OtherProcess.Hold(cache);
        Assert.Contains($"process {other.Id}", Assert.ThrowsExactly<IOException>(() => Features(cached: true)).Message);
        Assert.IsEmpty(Entries);
    }

    [TestMethod]
    public void An_entry_that_is_damaged_is_named_with_its_clip()
    {
        var features = Features(cached: true);
        var data = TrainingData.Read(features, features.Schema["Features"], [features.Schema["Caption"]], Channel());
        foreach (string entry in Entries) File.WriteAllBytes(entry, File.ReadAllBytes(entry)[..^4]);
        string message = Assert.ThrowsExactly<InvalidDataException>(() => data.Frames.Read([2])).Message;
        Assert.Contains(Path.Combine(Clips.Folder, "clip2.wav"), message);
        Assert.Contains(cache, message);
        // The next pass mends it.
        data = TrainingData.Read(features, features.Schema["Features"], [features.Schema["Caption"]], Channel());
        using var read = data.Frames.Read([2]);
    }

    [TestMethod]
    public void A_row_without_sound_has_no_entry_and_is_left_out()
    {
        string manifest = Path.Combine(Clips.Folder, "with-missing.csv");
        File.WriteAllLines(manifest, ["Path,Caption", "clip0.wav,a flute", "missing.wav,nothing", "clip1.wav,an organ"]);
        var rows = Ml.Data.LoadFromAudioManifest(manifest);
        var audio = Ml.Transforms.LoadAudio(onError: AudioErrorHandling.Skip).Fit(rows).Transform(rows);
        featurizer = Ml.Transforms.FeaturizeAudio("Features", "Audio", Clips.Encoder, cache: cache).Fit(audio);
        var features = featurizer.Transform(audio);
        Assert.AreEqual("", features.GetColumn<string>("FeaturesEntry").ElementAt(1));
        var data = TrainingData.Read(features, features.Schema["Features"], [features.Schema["Caption"]], Channel());
        Assert.AreEqual(2, data.Frames.Count);
        Assert.EndsWith("with-missing.csv, row 3 (line 4): " + Path.Combine(Clips.Folder, "clip1.wav"), data.Frames.Name(1));
    }

    [TestMethod]
    public void The_shape_that_is_promised_is_the_one_that_comes()
    {
        var audio = Ml.Transforms.LoadAudio().Fit(Clips.Data).Transform(Clips.Data);
        var estimator = Ml.Transforms.FeaturizeAudio("Features", "Audio", Clips.Encoder, cache: cache);
        var promised = estimator.GetOutputSchema(Mint.ML.Transforms.RowMapping.SchemaColumns.Shape(audio.Schema));
        featurizer = estimator.Fit(audio);
        var actual = Mint.ML.Transforms.RowMapping.SchemaColumns.Shape(featurizer.Transform(audio).Schema);
        CollectionAssert.AreEqual(promised.Select(column => $"{column.Name} {column.Kind} {column.ItemType}").ToArray(),
            actual.Select(column => $"{column.Name} {column.Kind} {column.ItemType}").ToArray());
        foreach (string annotation in (string[])["FrameWidth", "FrameCache"])
        {
            foreach (var shape in (SchemaShape[])[promised, actual])
                Assert.IsTrue(shape.Single(column => column.Name == "Features").Annotations.Any(column => column.Name == annotation), annotation);
        }
    }

    private static Microsoft.ML.Runtime.IChannel Channel() => ((Microsoft.ML.Runtime.IHostEnvironment)Ml).Start("test");

    /// <summary>A view that counts the rows of each column that somebody read.</summary>
    private sealed class CountedView(IDataView source) : IDataView
    {
        private readonly Dictionary<string, int> rows = [];

        public DataViewSchema Schema => source.Schema;
        public bool CanShuffle => source.CanShuffle;
        public long? GetRowCount() => source.GetRowCount();
        public int Read(string column) => rows.GetValueOrDefault(column);

        public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null) =>
            new Cursor(this, source.GetRowCursor(columnsNeeded, rand));

        public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) =>
            [GetRowCursor(columnsNeeded, rand)];

        private sealed class Cursor(CountedView view, DataViewRowCursor input) : DataViewRowCursor
        {
            public override DataViewSchema Schema => input.Schema;
            public override long Position => input.Position;
            public override long Batch => input.Batch;
            public override bool IsColumnActive(DataViewSchema.Column column) => input.IsColumnActive(column);
            public override ValueGetter<DataViewRowId> GetIdGetter() => input.GetIdGetter();

            public override ValueGetter<T> GetGetter<T>(DataViewSchema.Column column)
            {
                var read = input.GetGetter<T>(column);
                return (ref T value) =>
                {
                    lock (view.rows) view.rows[column.Name] = view.Read(column.Name) + 1;
                    read(ref value);
                };
            }

            public override bool MoveNext() => input.MoveNext();

            protected override void Dispose(bool disposing)
            {
                if (disposing) input.Dispose();
                base.Dispose(disposing);
            }
        }
    }
}
