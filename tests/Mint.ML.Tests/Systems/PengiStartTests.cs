using Mint.ML.Checkpoints;
using Mint.ML.Encoders;
using Mint.ML.Generation;
using Mint.ML.LanguageModels;
using Mint.ML.Retrieval;
using Mint.ML.Systems;
using Mint.ML.Tests.Models;
using Mint.ML.Tests.Text;
using Mint.ML.Training;
using Mint.ML.Training.Data;
using static TorchSharp.torch;

namespace Mint.ML.Tests.Systems;

/// <summary>A Pengi of a CLAP, a CLIP and a GPT-2, and what it says of itself.</summary>
[TestClass]
public sealed class PengiStartTests
{
    private static readonly PengiStart Small = new()
    {
        EmbeddingSize = 24,
        PrefixLength = 3,
        InputLength = 2,
        MappingLayers = 2,
        MappingHeads = 4,
        WindowSize = 256,
        HopSize = 80,
    };

    private static readonly Lazy<string> Made = new(() => Make(Small));

    private static string Make(PengiStart start)
    {
        string place = Directory.CreateTempSubdirectory("mint-start-").FullName;
        foreach (string part in (string[])["clap", "clip_text_proj", "gpt2"])
        {
            Directory.CreateDirectory(Path.Combine(place, part));
            foreach (string file in (string[])["config.json", "model.safetensors"])
                File.Copy(Path.Combine(Fixtures.Path(part), file), Path.Combine(place, part, file));
        }
        Words(Path.Combine(place, "clip_text_proj"), 99, end: 90); // CLIP's end there: its state stands for the text
        Words(Path.Combine(place, "gpt2"), 97, end: 96);
        start.Write(Path.Combine(place, "pengi"), Path.Combine(place, "clap"), Path.Combine(place, "clip_text_proj"), Path.Combine(place, "gpt2"));
        return Path.Combine(place, "pengi");
    }

    private static void Words(string folder, int size, int end)
    {
        List<string> words = ["[PAD]", "[UNK]", "[CLS]", "[MASK]", .. "abcdefghijklmnopqrstuvwxyz".SelectMany(c => new[] { $"{c}", $"##{c}" }),
            .. Enumerable.Range(0, size).Select(i => $"word{i}")];
        words.Insert(end, "[SEP]");
        File.WriteAllLines(Path.Combine(folder, "vocab.txt"), words.Take(size));
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), """{"tokenizer_class": "BertTokenizer", "do_lower_case": true}""");
    }

    [TestMethod]
    public void Its_parts_compute_what_the_models_did_that_they_were_taken_from()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var pengi = Pengi.Load(Made.Value);
        using var tower = HtsAt.Load(Fixtures.Path("clap"));
        var mel = randn([2, 1, 200, 16], generator: new Generator(1));
        Assert.IsLessThan(2e-5, ModelFixture.RelativeError(tower.call(mel, null).Pooled, pengi.Audio.Hear(mel)), "three projections as one");
        using var language = Gpt2.Load(Fixtures.Path("gpt2"));
        var ids = tensor(new long[] { 5, 9, 2 }).unsqueeze(0);
        var (embedded, mask) = (language.Embed(ids), ones([1, 3], dtype: ScalarType.Bool));
        Assert.AreEqual(0, (language.Logits(embedded, mask, ids) - pengi.LanguageModel.Logits(embedded, mask, ids)).abs().max().item<float>());
        using var clip = ClipText.Load(Fixtures.Path("clip_text_proj"));
        var text = tensor(new long[] { 7, 8, 90 }).unsqueeze(0);
        var projected = clip.Project(clip.call(text, null).Pooled);
        var read = pengi.Parts.Select(part => part.Module).OfType<PengiProjection>().Last();
        Assert.IsLessThan(1e-6, ModelFixture.RelativeError(read.call(projected), pengi.EncodeText(text, null)), "CLIP's own projection stays");
    }

    [TestMethod]
    public void Its_spectrogram_is_torchlibrosas_and_its_bank_the_papers_or_the_published_codes()
    {
        using var scope = NewDisposeScope();
        using var checkpoint = CheckpointFolder.Open(Fixtures.Path("pengi"));
        var (real, imaginary) = TorchlibrosaLogMel.Kernels(256); // as the fixture's own settings say
        var bank = PengiStart.MelBank(256, 16, 8000, 50, 3500);
        string htsat = "audio_encoder.base.htsat.";
        Close(checkpoint.Read(htsat + "spectrogram_extractor.stft.conv_real.weight"), real);
        Close(checkpoint.Read(htsat + "spectrogram_extractor.stft.conv_imag.weight"), imaginary);
        Close(checkpoint.Read(htsat + "logmel_extractor.melW"), bank);
        string published = Make(Small with { Spectrogram = PengiSpectrogram.Published });
        using CheckpointFolder one = CheckpointFolder.Open(Made.Value), other = CheckpointFolder.Open(published);
        // Its highest band ends at 14 of 16 kHz, the paper's at 8 of 22.05.
        Assert.AreEqual(129 * 14 / 16, HighestBin(other.Read(htsat + "logmel_extractor.melW")), 2);
        Assert.AreEqual(129 * 8 / 22.05, HighestBin(one.Read(htsat + "logmel_extractor.melW")), 2);

        static double HighestBin(Tensor bank) => bank.sum(1).nonzero().max().item<long>();
        static void Close(Tensor expected, Tensor actual) => Assert.IsLessThan(2e-5, ModelFixture.RelativeError(expected, actual));
    }

    [TestMethod]
    public void A_seed_decides_what_is_drawn_and_a_folder_of_another_model_is_refused_by_name()
    {
        string Weights(string folder) => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(Path.Combine(folder,
            "model.safetensors"))));
        Assert.AreEqual(Weights(Made.Value), Weights(Make(Small)));
        Assert.AreNotEqual(Weights(Made.Value), Weights(Make(Small with { Seed = 2 })));
        using var place = new TemporaryFolder();
        StringAssert.Contains(Assert.ThrowsExactly<NotSupportedException>(() =>
            Small.Write(place.File("p"), Fixtures.Path("gpt2"), Fixtures.Path("clip"), Fixtures.Path("gpt2"))).Message, "Gpt2, which is no Clap");
        StringAssert.Contains(Assert.ThrowsExactly<NotSupportedException>(() =>
            Small.Write(place.File("p"), Fixtures.Path("clap_fused"), Fixtures.Path("clip"), Fixtures.Path("gpt2"))).Message, "fused");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => (Small with { PrefixLength = 0 }).Validate()).Message, "PrefixLength is 0");
        Assert.IsFalse(Directory.Exists(place.File("p")));
    }

    [TestMethod]
    public void Without_the_text_encoder_m2_reads_the_questions_own_tokens_and_learns()
    {
        using var scope = NewDisposeScope();
        string folder = Make(Small with { PlainQuestions = true });
        using Pengi pengi = Pengi.Load(folder), before = Pengi.Load(folder);
        Assert.IsFalse(pengi.Mappings.Text.named_parameters().Any(weight => weight.name.StartsWith("linear.", StringComparison.Ordinal)));
        Assert.IsTrue(pengi.Mappings.Audio.named_parameters().Any(weight => weight.name.StartsWith("linear.", StringComparison.Ordinal)));
        string[] questions = ["word1", "word2 word3 word4", "word1"];
        using var sounds = new AudioEncoding(randn(3, 1, 24, generator: new Generator(2)), ones([3, 1], dtype: ScalarType.Bool));
        using (no_grad())
        {
            foreach (var weight in pengi.Text.Trained) weight.parameter.zero_(); // CLIP reads nothing of it
            var together = pengi.Prompt(sounds, questions).Embeddings; // (3, 6, D)
            for (int row = 0; row < 3; row++)
            {
                using var one = new AudioEncoding(sounds.Frames.narrow(0, row, 1).clone(), sounds.Mask.narrow(0, row, 1).clone());
                Assert.IsLessThan(1e-5f, (pengi.Prompt(one, [questions[row]]).Embeddings - together.narrow(0, row, 1)).abs().max().item<float>());
            }
            var asked = together.narrow(1, 3, 3);
            Assert.IsLessThan(1e-5f, (asked[0] - asked[2]).abs().max().item<float>(), "the same question");
            Assert.IsGreaterThan(1e-2f, (asked[0] - asked[1]).abs().max().item<float>());
            // m2 by itself, of GPT-2's vectors: learned constants attend to them.
            var ids = tensor(pengi.Tokenizers!.Value.Answer.Encode(questions[1], addSpecialTokens: false).Select(id => (long)id).ToArray()).unsqueeze(0);
            Assert.IsLessThan(1e-5f, (pengi.Mappings.Text.call(pengi.LanguageModel.Embed(ids))[0] - asked[1]).abs().max().item<float>());
            Assert.ThrowsExactly<NotSupportedException>(() => pengi.Prefix(sounds.Frames.squeeze(1), sounds.Frames.squeeze(1)));
        }
        var mix = new InstructionMix([new InstructionSource([new(0, questions[0], "a"), new(1, questions[1], "b"), new(2, questions[2], "c")])]);
        var frames = new FrameTable([.. Enumerable.Range(0, 3).Select(row => sounds.Frames[row].clone())]);
        var result = PengiTraining.Run(pengi, frames, mix, new() { Epochs = 30, BatchSize = 3, LearningRate = 3e-3, WarmUpSteps = 0, WeightDecay = 0 });
        Assert.IsLessThan(0.5 * result.FirstLosses["total"], result.LastLosses["total"]);
        foreach (var ((name, then), (_, now)) in before.Mappings.Text.named_parameters().Zip(pengi.Mappings.Text.named_parameters()))
            Assert.IsGreaterThan(0, (now - then).abs().max().item<float>(), name);
        string saved = folder + "-saved";
        pengi.Save(saved, folder);
        using var again = Pengi.Load(saved);
        CollectionAssert.AreEqual(pengi.Answer(sounds, questions, new GenerationOptions { MaxTokens = 4 }).ToArray(),
            again.Answer(sounds, questions, new GenerationOptions { MaxTokens = 4 }).ToArray());
    }

    [TestMethod]
    public void The_CLAP_step_moves_both_encoders_alone_and_captions_come_to_find_their_clips()
    {
        using var scope = NewDisposeScope();
        using Pengi before = Pengi.Load(Made.Value), model = Pengi.Load(Made.Value);
        var (frames, mix) = Pairs();
        var options = new TrainingOptions { Epochs = 20, BatchSize = 4, LearningRate = 1e-3, WarmUpSteps = 0, WeightDecay = 0, ValidateEvery = 20 };
        var result = ClapTraining.Run(model, frames, mix, options, new InstructionValidation(frames, mix.Examples));
        Assert.IsLessThan(0.3 * result.FirstLosses["total"], result.LastLosses["total"]);
        Assert.AreEqual(1, result.Validations[^1].Metrics["r1"]);
        string[] moved = [.. before.Parts.Zip(model.Parts).Where(pair => pair.First.Module.parameters().Zip(pair.Second.Module.parameters())
            .Any(both => !both.First.equal(both.Second).all().item<bool>())).Select(pair => pair.First.Module.GetName())];
        CollectionAssert.AreEqual(new[] { nameof(HtsAt), nameof(PengiProjection), nameof(ClipText), "Linear", nameof(PengiProjection) }, moved);
        Assert.IsTrue(model.Parts.SelectMany(part => part.Module.parameters()).All(parameter => !parameter.requires_grad), "frozen again");
    }

    [TestMethod]
    public void Accumulated_batches_of_the_CLAP_step_are_one_contrast()
    {
        using var scope = NewDisposeScope();
        using Pengi together = Pengi.Load(Made.Value), apart = Pengi.Load(Made.Value), alone = Pengi.Load(Made.Value);
        var (frames, mix) = Pairs();
        var one = new TrainingOptions { Epochs = 1, BatchSize = 4, LearningRate = 1e-3, WarmUpSteps = 0, WeightDecay = 0 };
        double whole = ClapTraining.Run(together, frames, mix, one).FirstLosses["total"];
        double parts = ClapTraining.Run(apart, frames, mix, one with { BatchSize = 2, AccumulationSteps = 2 }).FirstLosses["total"];
        double halves = ClapTraining.Run(alone, frames, mix, one with { BatchSize = 2 }).FirstLosses["total"];
        Assert.AreEqual(whole, parts, 1e-5 * whole);
        Assert.AreNotEqual(whole, halves, 0.05 * whole, "two pairs are an easier choice");
    }

    [TestMethod]
    public void Captions_that_answer_something_wide_frames_and_lonely_clips_are_refused()
    {
        using var scope = NewDisposeScope();
        using var model = Pengi.Load(Made.Value);
        var (frames, mix) = Pairs();
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => ClapTraining.Run(model, frames, mix, new() { BatchSize = 1 })).Message,
            "BatchSize is 1");
        var wide = new FrameTable([zeros(4, 17)]);
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => ClapTraining.Run(model, wide, mix, new())).Message, "17 wide");
    }

    [TestMethod]
    public void Each_vector_of_a_prefix_is_told_by_the_word_that_is_nearest_to_it()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var pengi = Pengi.Load(Made.Value);
        using var sounds = Hear(pengi);
        var words = pengi.InterpretPrefix(sounds, "abc");
        var (prefix, _) = pengi.Prompt(sounds, ["abc"]);
        Assert.HasCount(2, words);
        Assert.HasCount(6, words[0]);
        var table = pengi.LanguageModel.Embed(arange(97, dtype: ScalarType.Int64));
        for (int row = 0; row < 2; row++)
        {
            for (int at = 0; at < 6; at++)
            {
                // By hand: the angle to each word, one at a time.
                long nearest = Enumerable.Range(0, 97).MaxBy(id => nn.functional.cosine_similarity(prefix[row, at], table[id], 0).item<float>());
                Assert.AreEqual(pengi.Tokenizer.Decode([(int)nearest]), words[row][at]);
            }
        }
    }

    [TestMethod]
    public void Additional_text_stands_behind_the_prefix_and_the_answer_goes_on_from_it()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var pengi = Pengi.Load(Made.Value);
        using var sounds = Hear(pengi);
        var greedy = new GenerationOptions { MaxTokens = 3 };
        var begun = pengi.Answer(sounds, ["abc"], "word40 word7", greedy);
        var (prefix, _) = pengi.Prompt(sounds, ["abc"]);
        long[] said = [.. pengi.Tokenizer.Encode("word40 word7", addSpecialTokens: false).Select(id => (long)id)];
        var input = cat([prefix, pengi.LanguageModel.Embed(tensor(said)).unsqueeze(0).expand(2, -1, -1)], 1);
        var expected = new List<long>[] { [], [] };
        for (int step = 0; step < 3; step++)
        {
            // One token at a time, without a cache: what GPT-2 finds likeliest after all of it.
            var next = pengi.LanguageModel.Logits(input, ones([2, input.shape[1]], dtype: ScalarType.Bool), zeros([2, 1], dtype: ScalarType.Int64))
                .select(1, 0).argmax(-1);
            for (int row = 0; row < 2; row++) expected[row].Add(next[row].item<long>());
            input = cat([input, pengi.LanguageModel.Embed(next).unsqueeze(1)], 1);
        }
        for (int row = 0; row < 2; row++)
        {
            int[] ids = [.. expected[row].TakeWhile(id => id != 96).Select(id => (int)id)];
            Assert.AreEqual(pengi.Tokenizer.Decode(ids).Trim(), begun[row]);
        }
        Assert.ThrowsExactly<ArgumentException>(() => pengi.Answer(sounds, ["abc"], ""));
    }

    [TestMethod]
    public void A_sound_is_found_by_what_its_generated_caption_says()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var pengi = Pengi.Load(Made.Value);
        using var sounds = Hear(pengi);
        var index = new CaptionEmbeddings(pengi);
        var clips = index.Clips(sounds);
        var captions = pengi.Answer(sounds, [index.Instruction], Pengi.Search);
        for (int row = 0; row < 2; row++)
        {
            // A query in the caption's own words is as near as can be, by the definition of a cosine.
            float[,] query = index.Texts([captions[row]])[0];
            double cosine = Enumerable.Range(0, index.Width).Sum(i => query[0, i] * clips[row][0, i]);
            Assert.AreEqual(1, cosine, 1e-5);
        }
    }

    private static AudioEncoding Hear(Pengi pengi)
    {
        var waveforms = randn([2, 6000], generator: new Generator(2));
        return pengi.Encoder.Encode(waveforms, tensor(new long[] { 6000, 4000 }));
    }

    private static (FrameTable Frames, InstructionMix Mix) Pairs()
    {
        using var chance = new Generator(7);
        string[] captions = ["abc", "word40", "xyz q", "word50 word41"];
        return (new FrameTable([.. captions.Select((_, i) => randn(60 - i, 16, generator: chance))]),
            new InstructionMix([new InstructionSource([.. captions.Select((caption, i) => new InstructionExample(i, "", caption))])]));
    }
}
