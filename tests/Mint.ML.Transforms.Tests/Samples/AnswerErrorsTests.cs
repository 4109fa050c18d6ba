using System.Text.Json.Nodes;
using Mint.ML.Answering;
using Mint.ML.Generation;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Samples;

/// <summary>Errors of a run over clips: which are a row, and which end it.</summary>
[TestClass]
public sealed class AnswerErrorsTests
{
    [TestMethod]
    public void Another_exception_than_that_of_a_sound_is_not_taken_for_a_bad_file()
    {
        var answerer = new Refusing();
        var run = new AnswerRun(answerer, new LongAudioOptions(), 4, skipErrors: true, _ => { });
        using var output = new Rows();
        var clips = ClipList.Read(EightClips.Shared.Folder, _ => { }).Where(clip => clip.Name.StartsWith("clip", StringComparison.Ordinal)).ToList();

        answerer.Refuse = () => new ArgumentNullException("model");
        Assert.ThrowsExactly<ArgumentNullException>(() => run.Run(clips, output, default));
        answerer.Refuse = () => new Mint.ML.Audio.SoundNotEncodableException("too short");
        Assert.AreEqual(clips.Count, run.Run(clips, output, default).Failed);
    }

    [TestMethod]
    public void Want_of_memory_is_the_row_of_the_clip_that_takes_it()
    {
        var clips = ClipList.Read(EightClips.Shared.Folder, _ => { }).Where(clip => clip.Name.StartsWith("clip", StringComparison.Ordinal)).ToList();
        var answerer = new Refusing { Takes = clips[2].Name };
        using var output = new Rows();
        Assert.AreEqual(1, new AnswerRun(answerer, new LongAudioOptions(), 4, skipErrors: true, _ => { }).Run(clips, output, default).Failed);
        CollectionAssert.AreEqual(clips.Select(clip => clip.Name).ToArray(), output.Written.Select(row => row.Path).ToArray());
        Assert.Contains($"{clips[2].Name}: to hear it takes more memory than is left", output.Written.Single(row => row.Error is not null).Error!);
        var stopping = new AnswerRun(answerer, new LongAudioOptions(), 4, skipErrors: false, _ => { });
        Assert.Contains(clips[2].Name, Assert.ThrowsExactly<InvalidDataException>(() => stopping.Run(clips, output, default)).Message);
    }

    [TestMethod]
    public void A_second_of_a_high_rate_takes_the_memory_of_a_second_that_is_heard()
    {
        string folder = Directory.CreateTempSubdirectory("mint-high-").FullName, file = Path.Combine(folder, "high.wav");
        try
        {
            Mint.ML.Audio.AudioFile.WriteWav(file, new Mint.ML.Audio.AudioClip(new float[20 * 384_000], 384_000));
            foreach (var (most, bytes) in ((double?, long)[])[(1, 1_500_000), (null, 9_000_000)])
            {
                using var output = new Rows();
                var run = new AnswerRun(new Refusing { Takes = "" }, new LongAudioOptions { MaxSeconds = most }, 4, skipErrors: false, _ => { });
                Assert.IsLessThan(bytes, Mint.ML.Tests.Allocation.Measure(() => run.Run(ClipList.Read(file, _ => { }), output, default)));
                Assert.AreEqual((20.0, 20 - (most ?? 20)), (output.Written[0].Seconds, output.Written[0].CutSeconds));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private sealed class Refusing : Answerer
    {
        public Func<Exception> Refuse { get; set; } = () => new InvalidOperationException();

        /// <summary>The clip that takes too much memory; the others are answered. Null refuses all.</summary>
        public string? Takes { get; init; }

        public override string Name => "answer";

        public override JsonObject Settings => [];

        public override int SampleRate => 16_000;

        public override IReadOnlyList<AnswerRow> Answer(IReadOnlyList<HeardClip> clips, CancellationToken cancel) =>
            Takes is null ? throw Refuse() : clips.Any(clip => clip.Row.Path == Takes) ? throw new OutOfMemoryException() : [.. clips.Select(clip => clip.Row)];
    }

    private sealed class Rows : AnswerOutput
    {
        public List<AnswerRow> Written { get; } = [];

        public override void Write(AnswerRow row) => Written.Add(row);
    }
}
