using Mint.ML.Encoders;
using Mint.ML.Retrieval;
using Mint.ML.Systems;
using Mint.ML.Systems.Questions;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Systems;

[TestClass]
public sealed partial class NamedSoundsTests
{
    private static readonly Dictionary<string, SoundName> names = new()
    {
        ["hen"] = new("a hen clucks", "a hen's cluck", ["a bird", "an animal"]),
        ["crow"] = new("a crow caws", "a crow's caw", ["a bird", "an animal"]),
        ["owl"] = new("an owl hoots", "an owl's hoot", ["a bird", "an animal"]),
        ["dog"] = new("a dog barks", "a dog's bark", ["an animal"]),
        ["rain"] = new("rain falls", "rain", ["water"], "outdoors"),
        ["river"] = new("a stream runs", "a stream", ["water"]),
        ["car"] = new("a car drives", "a car", ["an engine"]),
        ["silence"] = new("silence", "silence", ["silence"]),
    };

    private static readonly Dictionary<string, SoundName> instruments = new()
    {
        ["foghorn"] = new("a foghorn sounds", "a foghorn", ["a horn"]),
        ["trumpet"] = new("a trumpet plays", "a trumpet", ["a brass instrument", "a musical instrument"]),
        ["trombone"] = new("a trombone plays", "a trombone", ["a brass instrument", "a musical instrument"]),
        ["cello"] = new("a cello plays", "a cello", ["a string instrument", "a musical instrument"]),
    };

    // Similarities are compared over a temperature of 0.07: 0.04 more is 1.77 times as likely.
    [TestMethod]
    [DataRow(new[] { 1f, 0, 0, 0, 0, 0, 0, 0 }, "a hen clucks", DisplayName = "one name fits")]
    [DataRow(new[] { 0, 0, 0, 0, 0.6f, 0.8f, 0, 0 }, "a stream runs", DisplayName = "of two names the likelier")]
    [DataRow(new[] { 0, 0, 0, 0, 0, 0, 0, 1f }, "silence", DisplayName = "silence")]
    [DataRow(new[] { 0.03f, 0.03f, 0.03f, 0, 0, 0, 0, 0 }, "the sound of a bird", DisplayName = "three birds, each a sixth")]
    [DataRow(new[] { 0.018f, -0.05f, -0.05f, 0.018f, 0, 0, -0.05f, -0.05f }, "the sound of an animal", DisplayName = "a bird or a dog")]
    [DataRow(new[] { -0.05f, -0.05f, -0.05f, -0.05f, -0.01f, -0.01f, 0, 0 }, "an unclear sound", DisplayName = "anything")]
    public void What_is_told_is_no_narrower_than_it_is_sure(float[] heard, string caption)
    {
        Assert.AreEqual(caption, Told(heard).Single().Caption);
    }

    [TestMethod]
    [DataRow(new[] { 0, 0, 0, 4, 4, 4 }, new[] { "a hen's cluck", "rain" })]
    [DataRow(new[] { 4, 4, 4, 0, 0, 0 }, new[] { "rain", "a hen's cluck" })]
    [DataRow(new[] { 4, 4, 4, 5, 5, 5 }, new[] { "rain" }, DisplayName = "two names of one kind are one sound")]
    [DataRow(new[] { 0, 0, 0, 7, 7, 7 }, new[] { "a hen's cluck" }, DisplayName = "silence follows many a sound")]
    [DataRow(new[] { 0, 0, 4, 4 }, new[] { "a hen's cluck" }, DisplayName = "too short to be two")]
    public void Of_halves_that_sound_differently_both_are_told_in_their_order(int[] frames, string[] told)
    {
        CollectionAssert.AreEqual(told, Told(names, Frames(frames)).Select(one => one.Noun).ToArray());
    }

    [TestMethod]
    [DataRow(new[] { 0, 0, 0, 4, 4, 4 }, "a hen clucks, then rain falls")]
    [DataRow(new[] { 4, 4, 4, 0, 0, 0, 4, 4, 4, 4, 4 }, "rain falls and a hen clucks", DisplayName = "rain before and after")]
    [DataRow(new[] { 0, 0, 0, 4, 4, 4, 0, 0, 0 }, "a hen clucks and rain falls", DisplayName = "a hen before and after")]
    [DataRow(new[] { 7, 7, 7, 0, 0, 0, 7, 7, 7, 4, 4, 4, 7 }, "a hen clucks, then rain falls", DisplayName = "silence between and around")]
    public void An_order_is_told_only_where_neither_is_on_both_sides(int[] frames, string caption)
    {
        using var scope = NewDisposeScope();
        CollectionAssert.AreEqual(new[] { caption }, HeardAnswers.Of(new(new Axes(names), names), Sound(Frames(frames)), "What happens?"));
    }

    [TestMethod]
    [DataRow("What comes first?")]
    [DataRow("What comes last?")]
    public void Of_two_without_an_order_neither_is_first(string question)
    {
        using var scope = NewDisposeScope();
        CollectionAssert.AreEqual(new[] { "a hen's cluck and rain together" },
            HeardAnswers.Of(new(new Axes(names), names), Sound(Frames(0, 0, 0, 4, 4, 4, 0, 0, 0)), question));
    }

    [TestMethod]
    [DataRow("a tone", new[] { "tone" }, DisplayName = "its pitch moved for a while")]
    [DataRow("a bell", new[] { "siren", "tone" }, DisplayName = "a bell is another sound")]
    public void A_siren_is_no_second_sound_beside_a_tone(string kind, string[] told)
    {
        using var scope = NewDisposeScope();
        Dictionary<string, SoundName> of = new() { ["siren"] = new("", "siren", ["an alarm"]), ["tone"] = new("", "tone", [kind]) };
        var frames = cat([tensor(new[] { 0.9f, 0 }).expand(1, 3, 2), tensor(new[] { 0f, 1 }).expand(1, 3, 2)], 1); // the tone is likelier
        CollectionAssert.AreEqual(told, new NamedSounds(new Axes(of), of).Tell(Sound(frames)).Single().Sounds.Select(one => one.Noun).ToArray());
    }

    [TestMethod]
    public void What_a_sound_is_told_as_does_not_depend_on_its_neighbours_in_a_batch()
    {
        using var scope = NewDisposeScope();
        var (two, one) = (Frames(0, 0, 0, 4, 4, 4), Frames(3, 3));
        var padded = cat([one, zeros(1, 4, 8)], 1);
        var both = new AudioEncoding(cat([two, padded], 0), cat([ones([1, 6]), cat([ones([1, 2]), zeros([1, 4])], 1)], 0).to(ScalarType.Bool));
        var told = new NamedSounds(new Axes(names), names).Tell(both);
        CollectionAssert.AreEqual(Told(names, two).ToArray(), told[0].Sounds.ToArray());
        CollectionAssert.AreEqual(Told(names, one).ToArray(), told[1].Sounds.ToArray());
    }

    [TestMethod]
    [DataRow(new[] { 0.7f, 0, 0, 0, 0, 0, 0.7f, 0 }, "hen", true, DisplayName = "both are there: the first")]
    [DataRow(new[] { 0.7f, 0, 0, 0, 0, 0, 0.7f, 0 }, "car", true, DisplayName = "and the second")]
    [DataRow(new[] { 0.5f, 0, 0, 0, 0, 0, 0.7f, 0 }, "hen", true, DisplayName = "a 17th as likely as the likeliest")]
    [DataRow(new[] { 0.38f, 0, 0, 0, 0, 0, 0.7f, 0 }, "hen", true, DisplayName = "a 97th: 1.02 %")]
    [DataRow(new[] { 0.37f, 0, 0, 0, 0, 0, 0.7f, 0 }, "hen", false, DisplayName = "a 112th: 0.9 %")]
    [DataRow(new[] { 0.38f, 0.7f, 0, 0, 0, 0, 0.7f, 0 }, "hen", false, DisplayName = "a 97th of each of two: 0.5 %")]
    public void Something_is_there_where_it_is_likely_enough_among_all_names(float[] heard, string asked, bool there)
    {
        using var scope = NewDisposeScope();
        CollectionAssert.AreEqual(new[] { there }, new NamedSounds(new Axes(names), names).Hears(Sound(tensor(heard).view(1, 1, -1)), asked));
    }

    [TestMethod]
    [DataRow("Generate audio caption:", "a hen clucks, then rain falls")]
    [DataRow("Describe the sound.", "a hen clucks, then rain falls")]
    [DataRow("What can be heard?", "a hen clucks, then rain falls")]
    [DataRow("What happens in this recording?", "a hen clucks, then rain falls")]
    [DataRow("List the sounds.", "a hen's cluck, rain")]
    [DataRow("What sounds are there?", "a hen's cluck, rain")]
    [DataRow("What comes first?", "a hen's cluck")]
    [DataRow("Which sound comes last?", "rain")]
    [DataRow("What can be heard first?", "a hen's cluck")]
    [DataRow("How many sounds are there?", "two")]
    [DataRow("Is there rain?", "yes")]
    [DataRow("Is there a dog?", "no")]
    [DataRow("Which comes first, a hen or rain?", "a hen")]
    [DataRow("Which is heard last: the rain or the hen?", "the rain")]
    [DataRow("Which comes first, the dog or the rain?", "only the rain")]
    [DataRow("Which comes first, the dog or the car?", "neither is heard")]
    [DataRow("How many times does the dog bark?", "not at all")]
    [DataRow("How many times can a hen be heard?", "it is heard, and cannot be counted without the sound itself")]
    [DataRow("What genre is it?", "an unclear genre")]
    [DataRow("What kind of music is it?", "an unclear genre")]
    [DataRow("What music is playing?", "an unclear genre")]
    [DataRow("What kind of sound is it?", "a hen's cluck, rain")]
    [DataRow("Caption", "a hen clucks, then rain falls")]
    [DataRow("What's happening?", "a hen clucks, then rain falls")]
    [DataRow("Tag this.", "a hen's cluck, rain")]
    [DataRow("What is that noise?", "a hen's cluck, rain")]
    [DataRow("Does a hen cluck?", "yes")]
    [DataRow("What do you hear first?", "a hen's cluck")]
    [DataRow("What sound does it make?", "a hen's cluck, rain")]
    [DataRow("Is it a dog or a hen?", "a hen")]
    [DataRow("Is there rain or a car?", "rain")]
    [DataRow("Is it a dog, or a car?", "neither is heard")]
    [DataRow("Is it loud or quiet?", "that cannot be told; what is heard: a hen clucks, then rain falls")]
    [DataRow("What is the bird?", "a hen's cluck")]
    [DataRow("Is it a dog?", "no")]
    [DataRow("Which bird is it?", "a hen's cluck")]
    [DataRow("What kind of animal is heard?", "a hen's cluck")]
    [DataRow("Is it indoors or outdoors?", "outdoors")]
    [DataRow("Where was it recorded?", "outdoors")]
    [DataRow("What color is it?", "that cannot be told; what is heard: a hen clucks, then rain falls")]
    [DataRow("Who is that?", "that cannot be told; what is heard: a hen clucks, then rain falls")]
    [DataRow("How loud is it?", "that cannot be told; what is heard: a hen clucks, then rain falls")]
    public void A_question_is_answered_by_its_form(string question, string answer)
    {
        using var scope = NewDisposeScope();
        CollectionAssert.AreEqual(new[] { answer },
            HeardAnswers.Of(new(new Axes(names), names), Sound(Frames(0, 0, 0, 4, 4, 4)), question));
    }

    [TestMethod]
    public void Of_two_that_go_on_together_neither_is_first()
    {
        using var scope = NewDisposeScope();
        CollectionAssert.AreEqual(new[] { "rain and hen together" },
            HeardAnswers.Of(new(new Axes(names), names), Sound(Frames(0, 4, 0, 4, 0, 4, 0, 4, 0)), "Which comes last, rain or hen?"));
    }

    // Three seconds of ten frames: clicks at 0.2, 1.1 and 2 s.
    [TestMethod]
    [DataRow(new[] { 0.2, 1.1, 2 }, 3, "three times")]
    [DataRow(new[] { 1.1 }, 3, "once")]
    [DataRow(new[] { 1.1, 2 }, 4, "not at all", DisplayName = "what clicks is rain")]
    [DataRow(new double[0], 3, "it goes on and cannot be counted")]
    public void What_is_there_is_counted_by_its_sound(double[] clicks, int heard, string answer)
    {
        using var scope = NewDisposeScope();
        Assert.AreEqual(answer, Counted("How many times does the dog bark?", clicks, 3, Frames([.. Enumerable.Repeat(heard, 10)])));
    }

    // Four seconds of twelve frames: two events of a dog, silence, and two of rain.
    [TestMethod]
    [DataRow("How many times does the dog bark?", new[] { 0.2, 1, 2.7, 3.3 }, "twice")]
    [DataRow("How many times can the rain be heard?", new[] { 0.2, 1, 2.7, 3.3 }, "twice")]
    [DataRow("How many times does the dog bark?", new[] { 0.2, 2.7, 3.3 }, "once")]
    [DataRow("How many times can the rain be heard?", new[] { 0.2, 1, 2.7 }, "once")]
    public void Events_of_another_kind_are_not_counted(string question, double[] clicks, string answer)
    {
        using var scope = NewDisposeScope();
        Assert.AreEqual(answer, Counted(question, clicks, 4, Frames(3, 3, 3, 3, 3, 7, 7, 7, 4, 4, 4, 4)));
    }

    // How like a dog and like rain two events are. 0.133 less is 0.15 times as likely.
    [TestMethod]
    [DataRow(1f, 0f, 0f, 1f, "once", DisplayName = "the second is rain")]
    [DataRow(1f, 0f, 0f, 0f, "twice", DisplayName = "the second may be anything, and is nothing else for sure")]
    [DataRow(0.7f, 0.6f, 0.6f, 0.75f, "twice", DisplayName = "the second is likelier rain, and sounds like the first")]
    public void An_event_counts_that_is_nothing_else_or_sounds_like_the_surest(float dog, float rain, float thenDog, float thenRain, string answer)
    {
        using var scope = NewDisposeScope();
        var (first, second) = (tensor(new[] { 0, 0, 0, dog, rain, 0, 0, 0 }), tensor(new[] { 0, 0, 0, thenDog, thenRain, 0, 0, 0 }));
        var frames = cat([first.expand(1, 5, 8), second.expand(1, 5, 8)], 1);
        Assert.AreEqual(answer, Counted("How many times does the dog bark?", [0.2, 2], 3, frames));
    }

    // What is said of clicks of 50 ms over quiet noise, a thousand samples a second.
    private static string Counted(string question, double[] clicks, int seconds, Tensor frames)
    {
        var noise = new Random(3);
        float[] samples = [.. Enumerable.Range(0, seconds * 1000).Select(i =>
            (clicks.Any(at => i >= at * 1000 && i < at * 1000 + 50) ? 1 : 0.01f) * (noise.NextSingle() - 0.5f))];
        return HeardAnswers.Of(new(new Axes(names), names), Sound(frames) with { Clips = [new(samples, 1000)] }, question).Single();
    }

    [TestMethod]
    [DataRow("How many times does the dog bark?", "dog bark")]
    [DataRow("How many times can a dog's bark be heard?", "dog's bark")]
    [DataRow("how often is the bell heard in this recording", "bell")]
    [DataRow("How many times do you hear a knock?", "knock")]
    [DataRow("How many knocks are there?", "knocks")]
    [DataRow("How many door knocks can be heard?", "door knocks")]
    [DataRow("How many dogs bark?", "dogs bark")]
    [DataRow("Count the sneezes.", "sneezes")]
    [DataRow("How many sounds are there?", null)]
    [DataRow("How many different sounds do you hear?", null)]
    [DataRow("How many people are speaking?", null)]
    [DataRow("How many instruments play?", null)]
    [DataRow("How many seconds does it last?", null)]
    [DataRow("How loud is the dog?", null)]
    public void A_question_of_counting_is_known_by_its_form(string question, string? asked)
    {
        Assert.AreEqual(asked, CountQuestion.Asked(question)?.What);
    }

    [TestMethod]
    [DataRow("What instrument is it?", "a cello")]
    [DataRow("Which instrument plays?", "a cello")]
    [DataRow("What family of instruments is it?", "a brass instrument")]
    public void Who_asks_for_an_instrument_is_told_one_although_another_sound_is_likelier(string question, string answer)
    {
        using var scope = NewDisposeScope();
        // A cello is likelier than either brass instrument, and less likely than both.
        var heard = Sound(tensor(new[] { 0.3f, 0.17f, 0.17f, 0.2f }).view(1, 1, -1));
        CollectionAssert.AreEqual(new[] { answer }, HeardAnswers.Of(new(new Axes(instruments), instruments), heard, question));
    }

    [TestMethod]
    [DataRow("What instrument is it?", "no musical instrument is heard")]
    [DataRow("What family is it?", "no musical instrument is heard")]
    public void Who_asks_for_an_instrument_where_there_is_none_is_told_so(string question, string answer)
    {
        using var scope = NewDisposeScope();
        var heard = Sound(tensor(new[] { 1f, 0.6f, 0.6f, 0.7f }).view(1, 1, -1)); // a foghorn is 17 times as likely as all three
        CollectionAssert.AreEqual(new[] { answer }, HeardAnswers.Of(new(new Axes(instruments), instruments), heard, question));
    }

    [TestMethod]
    [DataRow("Is it indoors or outdoors?")]
    [DataRow("Was this recorded inside?")]
    public void No_place_is_told_of_what_is_heard_in_both(string question)
    {
        using var scope = NewDisposeScope();
        CollectionAssert.AreEqual(new[] { "that cannot be told; what is heard: a car drives" },
            HeardAnswers.Of(new(new Axes(names), names), Sound(Frames(6)), question));
    }

    [TestMethod]
    [DataRow("Does a dog bark?", "dog bark")]
    [DataRow("Do birds sing?", "birds sing")]
    [DataRow("Does it bark?", null)]
    [DataRow("Does this sound good?", null)]
    [DataRow("Is a dog barking?", "dog barking")]
    [DataRow("Is somebody speaking in the background?", "somebody speaking")]
    [DataRow("Is this music?", "music")]
    [DataRow("Is it the sound of a car horn?", "car horn")]
    [DataRow("Is it the sound of sea waves?", "sea waves")]
    [DataRow("Does it sound like rain?", "rain")]
    [DataRow("Does this recording contain speech?", "speech")]
    [DataRow("Does the recording contain speech?", "speech")]
    [DataRow("Is it loud?", null)]
    [DataRow("Does it rain or snow?", null)]
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

    private static IReadOnlyList<SoundName> Told(float[] heard) => Told(names, tensor(heard).view(1, 1, -1));

    private static IReadOnlyList<SoundName> Told(Dictionary<string, SoundName> of, Tensor frames)
    {
        using var scope = NewDisposeScope();
        return new NamedSounds(new Axes(of), of).Tell(Sound(frames)).Single().Sounds;
    }

    // (1, T, 8): each frame is a name.
    private static Tensor Frames(params int[] of) =>
        nn.functional.one_hot(tensor(of.Select(name => (long)name).ToArray()), 8).to(ScalarType.Float32).unsqueeze(0);

    private static AudioEncoding Sound(Tensor frames) => new(frames, ones([1, frames.shape[1]], dtype: ScalarType.Bool));

    /// <summary>An embedding whose axes are the names, and whose clips are their own frames.</summary>
    private sealed class Axes(Dictionary<string, SoundName> of) : IAudioTextEmbeddings
    {
        public int Width => of.Count;

        public int VectorsPerClip => 1;

        public float Temperature => 0.07f;

        public int FrameWidth => of.Count;

        public int UnreadTokens(string text) => 0;

        public IReadOnlyList<float[,]> Clips(AudioEncoding audio) => [.. Enumerable.Range(0, (int)audio.Frames.shape[0])
            .Select(row => BridgeEmbeddings.Vectors(audio.Frames[row].contiguous().data<float>().ToArray(), Width))];

        public IReadOnlyList<float[,]> Texts(IReadOnlyList<string> texts) => [.. texts.Select(text =>
        {
            var axis = new float[1, Width];
            axis[0, of.Keys.ToList().FindIndex(name => text.Contains(name))] = 1;
            return axis;
        })];
    }
}
