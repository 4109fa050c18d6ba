using Mint.ML.Encoders;
using Mint.ML.Retrieval;
using Mint.ML.Systems;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Systems;

[TestClass]
public sealed class NamedSoundsTests
{
    private static readonly Dictionary<string, string> names = new()
    {
        ["hen"] = "a hen's cluck",
        ["rain"] = "the rain",
        ["drizzle"] = "the rain",
        ["car"] = "a car",
    };

    [TestMethod]
    [DataRow(new[] { 1f, 0, 0, 0 }, "a hen's cluck", DisplayName = "one name fits")]
    [DataRow(new[] { 0, 0, 0, 1f }, "a car", DisplayName = "another")]
    [DataRow(new[] { 0.6f, 0, 0.8f, 0 }, "the rain", DisplayName = "of two names the likelier")]
    public void The_likeliest_name_is_told_in_its_words(float[] heard, string told)
    {
        using var scope = NewDisposeScope();
        var sounds = new AudioEncoding(tensor(heard).view(1, 1, 4), ones([1, 1], dtype: ScalarType.Bool));
        CollectionAssert.AreEqual(new[] { told }, new NamedSounds(new Axes(), names).Tell(sounds));
    }

    /// <summary>An embedding whose axes are the names, and whose clips are their own frames.</summary>
    private sealed class Axes : IAudioTextEmbeddings
    {
        public int Width => 4;

        public int VectorsPerClip => 1;

        public float Temperature => 0.07f;

        public int FrameWidth => 4;

        public int UnreadTokens(string text) => 0;

        public IReadOnlyList<float[,]> Clips(AudioEncoding audio) => [.. Enumerable.Range(0, (int)audio.Frames.shape[0])
            .Select(row => BridgeEmbeddings.Vectors(audio.Frames[row].contiguous().data<float>().ToArray(), Width))];

        public IReadOnlyList<float[,]> Texts(IReadOnlyList<string> texts) => [.. texts.Select(text =>
        {
            var axis = new float[1, Width];
            axis[0, names.Keys.ToList().IndexOf(text)] = 1;
            return axis;
        })];
    }
}
