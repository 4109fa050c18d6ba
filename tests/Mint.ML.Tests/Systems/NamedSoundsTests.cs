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
        CollectionAssert.AreEqual(new[] { told }, new NamedSounds(new Axes(), names).Tell(Sound(heard)));
    }

    [TestMethod]
    [DataRow(new[] { 0.7f, 0, 0, 0.7f }, "hen", true, DisplayName = "both are there: the first")]
    [DataRow(new[] { 0.7f, 0, 0, 0.7f }, "car", true, DisplayName = "and the second")]
    [DataRow(new[] { 0.5f, 0, 0, 0.7f }, "hen", true, DisplayName = "a 17th as likely as the likeliest")]
    [DataRow(new[] { 0.4f, 0, 0, 0.7f }, "hen", false, DisplayName = "a 72nd")]
    public void Something_is_there_where_it_is_likely_beside_the_likeliest_name(float[] heard, string asked, bool there)
    {
        using var scope = NewDisposeScope();
        CollectionAssert.AreEqual(new[] { there }, new NamedSounds(new Axes(), names).Hears(Sound(heard), asked));
    }

    [TestMethod]
    [DataRow("Is there a dog?", "dog")]
    [DataRow("is there any music in the background?", "music")]
    [DataRow("Are there birds?", "birds")]
    [DataRow("Is there the sound of a car horn?", "car horn")]
    [DataRow("Can a dog's bark be heard?", "dog's bark")]
    [DataRow("Do you hear a man speaking in this recording?", "man speaking")]
    [DataRow("Does one hear rain", "rain")]
    [DataRow("Is a siren audible?", "siren")]
    [DataRow("Is it indoors or outdoors?", null)]
    [DataRow("Is there a dog or a cat?", null)]
    [DataRow("What can be heard?", null)]
    [DataRow("List the sounds.", null)]
    [DataRow("How many times can a dog be heard?", null)]
    public void A_question_of_presence_is_known_by_its_form(string question, string? asked)
    {
        Assert.AreEqual(asked, PresenceQuestion.Asked(question));
    }

    private static AudioEncoding Sound(float[] heard) => new(tensor(heard).view(1, 1, 4), ones([1, 1], dtype: ScalarType.Bool));

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
