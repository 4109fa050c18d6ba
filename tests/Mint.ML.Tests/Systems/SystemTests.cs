using Mint.ML.Encoders;
using Mint.ML.Systems;
using Mint.ML.Tests.Models;
using Mint.ML.Tests.Training;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Systems;

/// <summary>What holds for every system: its prompts from texts are those from tokens, and a row's prompt is its own.</summary>
[TestClass]
public sealed class SystemTests
{
    private static readonly string[] Questions = ["What is it?", "What is heard?"];

    [TestMethod]
    public void Pengi_reads_a_question_as_its_tokens_and_hears_one_frame_a_clip()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var loaded = Pengi.Load(Fixtures.Path("pengi"));
        var pengi = loaded;
        using var fixture = new ModelFixture("pengi");
        var waveform = fixture["waveform"];
        using var lengths = tensor(new[] { waveform.shape[1], waveform.shape[1] });
        using var heard = pengi.Encoder.Encode(waveform, lengths);
        CollectionAssert.AreEqual(new long[] { 2, 1, pengi.FrameWidth }, heard.Frames.shape);
        Assert.IsLessThan(1e-5f, (pengi.EncodeAudio(waveform) - heard.Frames.squeeze(1)).abs().max().item<float>());
        StringAssert.Contains(Assert.ThrowsExactly<InvalidOperationException>(() => pengi.Prompt(heard, Questions)).Message, "clip");
        StringAssert.Contains(Assert.ThrowsExactly<NotSupportedException>(() => pengi.PromptWithoutSound("what?")).Message, "without sound");
    }

    [TestMethod]
    public void One_instruction_about_all_sounds_is_the_same_as_one_each()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var model = InstructionTrainingTests.Load();
        using var sounds = Sounds(model, 3);
        var (one, oneMask) = model.Prompt(sounds, [Questions[0]]);
        var (each, eachMask) = model.Prompt(sounds, [Questions[0], Questions[0], Questions[0]]);
        Assert.IsTrue(one.equal(each).all().item<bool>());
        Assert.IsTrue(oneMask.equal(eachMask).all().item<bool>());
        Assert.ThrowsExactly<ArgumentException>(() => model.Prompt(sounds, Questions));
    }

    [TestMethod]
    public void A_prompt_without_sound_ends_as_one_with_sound_does()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var model = InstructionTrainingTests.Load();
        using var sounds = Sounds(model, 1);
        var (with, _) = model.Prompt(sounds, [Questions[1]]);
        var (without, mask) = model.PromptWithoutSound(Questions[1]);
        long queries = model.Bridge.Config.Queries;
        Assert.AreEqual(with.shape[1] - queries, without.shape[1]);
        Assert.IsTrue(with.narrow(1, queries, without.shape[1]).equal(without).all().item<bool>());
        Assert.IsTrue(mask.all().item<bool>());
    }

    private static AudioEncoding Sounds(MintModel model, int clips)
    {
        using var chance = new Generator(7);
        return new AudioEncoding(randn([clips, 5, model.FrameWidth], generator: chance), ones([clips, 5], dtype: ScalarType.Bool));
    }
}
