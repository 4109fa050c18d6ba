using System.Text.Json.Nodes;
using Mint.ML.Audio;
using Mint.ML.Checkpoints;
using Mint.ML.Encoders;
using Mint.ML.Files;
using Mint.ML.LanguageModels;
using Mint.ML.Metrics;
using Mint.ML.Samples.Demo;
using Mint.ML.Samples.Making.Notes;
using Mint.ML.Samples.Making.Pretraining;
using Mint.ML.Systems;
using Mint.ML.Text;
using Mint.ML.Training;
using Mint.ML.Training.Data;
using static TorchSharp.torch;

namespace Mint.ML.Samples.Making.Systems;

/// <summary>A Pengi that two cores train in minutes on the notes that ship: how its frozen models were made, and what it learns.</summary>
internal static class SmallPengi
{
    private static readonly PengiStart Start = new()
    {
        EmbeddingSize = 128,
        PrefixLength = 6,
        InputLength = 6,
        MappingLayers = 2,
        MappingHeads = 4,
        WindowSize = 1024,
        HopSize = 512,
    };

    private static readonly HtsAtConfig Tower = new()
    {
        MelBins = 64,
        ImageSize = 128,
        PatchSize = 8,
        PatchWidth = 48,
        Depths = [2, 2],
        Heads = [3, 6],
        Window = 8,
        MlpRatio = 3,
    };

    private const string FamilyPrompt = PengiTemplates.EventPrompt, CaptionPrompt = PengiTemplates.CaptionPrompt;

    /// <summary>Makes the folder that ships: a vocabulary, a GPT-2 of notes in words, and by the CLAP step an HTS-AT and a CLIP of the training
    /// notes.</summary>
    /// <param name="data">The notes set.</param>
    /// <param name="folder">Where the Pengi goes.</param>
    /// <param name="say">Told of progress.</param>
    /// <param name="cancel">Stops it.</param>
    public static void Make(string data, string folder, Action<string> say, CancellationToken cancel)
    {
        string work = folder + ".making", gpt2 = Path.Combine(work, "gpt2"), clip = Path.Combine(work, "clip"), tower = Path.Combine(work, "tower");
        var chance = new Random(1);
        var texts = Enumerable.Range(0, 4000).Select(_ => Lesson(chance)).SelectMany(pair => new[] { pair.Input, pair.Target }).ToList();
        var words = SmallFolders.Vocabulary(gpt2, texts, 500);
        SmallFolders.Vocabulary(clip, texts, 500);
        long end = words.TokenToId("[SEP]")!.Value;
        using (var model = new Gpt2(new()
        {
            VocabularySize = words.VocabularySize,
            Positions = 64,
            HiddenSize = 96,
            Layers = 2,
            Heads = 4,
            FeedForwardSize = 384,
            BosTokenId = end,
            EosTokenId = end,
        }))
        {
            CausalLessons.Draw(model, 96, 1);
            var result = CausalLessons.Run(model, words, Lesson, 600, 1, new Lines("language model", say), cancel);
            say($"language model: {result.FirstLosses["total"]:F2} to {result.LastLosses["total"]:F2}");
            SmallFolders.Write(gpt2, model);
        }
        var reader = new ClipTextConfig
        {
            VocabularySize = words.VocabularySize,
            HiddenSize = 64,
            FeedForwardSize = 128,
            Layers = 2,
            Heads = 4,
            Positions = 40,
            ProjectionSize = 64,
            EosTokenId = end,
        };
        using (var model = new ClipText(reader, projection: true))
        {
            CausalLessons.Draw(model, 64, 2);
            SmallFolders.Write(clip, model);
        }
        using var hts = new HtsAt(Tower);
        CausalLessons.Draw(hts, 48, 3);
        var (train, captions, _) = Notes(data, "train");
        // The norm before the tower has the statistics of what it will hear, as a CLAP's.
        Statistics(hts, zeros(Tower.MelBins), ones(Tower.MelBins));
        SmallFolders.Write(tower, hts);
        Start.Write(Path.Combine(work, "first"), tower, clip, gpt2);
        using (var first = Pengi.Load(Path.Combine(work, "first")))
        using (var scope = NewDisposeScope())
        {
            var heard = Frames(first.Spectrograms, train);
            var all = cat([.. Enumerable.Range(0, heard.Count).Select(clip => heard.Read([clip]).Frames[0])], 0); // (frames, bins)
            Statistics(hts, all.mean([0]), all.var(0));
        }
        SmallFolders.Write(tower, hts);
        string begun = Path.Combine(work, "begun"), done = Path.Combine(work, "done");
        Start.Write(begun, tower, clip, gpt2);
        using (var pengi = Pengi.Load(begun))
        {
            var mix = new InstructionMix([new InstructionSource([.. captions.Select((caption, i) => new InstructionExample(i, "", caption))])]);
            var (test, testCaptions, _) = Notes(data, "test");
            var options = new TrainingOptions
            {
                Epochs = 16,
                BatchSize = 66,
                LearningRate = 2e-3,
                WeightDecay = 0.05,
                WarmUpSteps = 20,
                ValidateEvery = 80,
                MaxTokens = 40,
                MaxFrames = 100,
            };
            var result = ClapTraining.Run(pengi, Frames(pengi.Spectrograms, train), mix, options, new InstructionValidation(Frames(pengi.Spectrograms, test),
                [.. testCaptions.Select((caption, i) => new InstructionExample(i, "", caption))]), new Lines("CLAP", say), cancel);
            say($"CLAP: {result.FirstLosses["total"]:F2} to {result.LastLosses["total"]:F2}, held out {string.Join(", ", result.Validations[^1].Metrics)}");
            pengi.Save(done, begun);
        }
        // Three fifths of the file would be Fourier kernels, which are a formula, and a head of classes that nothing asks.
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(done, "config.json")))!;
        config["htsat"]!["num_classes"] = 0;
        AtomicFile.WriteText(Path.Combine(done, "config.json"), config.ToJsonString());
        SmallFolders.Halve(done, folder, ["clip/vocab.txt", "clip/tokenizer_config.json", "gpt2/vocab.txt", "gpt2/tokenizer_config.json"], ".stft.",
            ".tscam_conv.");
        Directory.Delete(work, recursive: true);
    }

    /// <summary>Trains m1 and m2 anew on the training notes, and a control, and measures both on the held-out soundfont.</summary>
    /// <param name="models">The Pengi that ships.</param>
    /// <param name="data">The notes set.</param>
    /// <param name="heard">What its frozen ear makes of the notes, of <see cref="Hear"/>.</param>
    /// <param name="seed">Decides the mapping networks and the order.</param>
    /// <param name="say">Told of progress.</param>
    /// <param name="cancel">Stops it.</param>
    /// <param name="every">As <see cref="Hear"/>'s.</param>
    /// <param name="epochs">Passes over captions and families.</param>
    public static IReadOnlyList<DemoMeasure> Run(string models, string data, (FrameTable Train, FrameTable Test) heard, int seed, Action<string> say,
        CancellationToken cancel, int every = Thinned, int epochs = 5)
    {
        var (train, captions, families) = Notes(data, "train", every);
        var (test, testCaptions, testFamilies) = Notes(data, "test", every);
        string[] labels = [.. families.Distinct().Order(StringComparer.Ordinal)];
        string begun = Directory.CreateTempSubdirectory("mint-small-pengi-").FullName;
        try
        {
            Redraw(models, begun, seed);
            var held = heard.Test;
            double[] own = Measure([.. Enumerable.Range(0, train.Length)], "system"), control = Measure(SystemDemo.Dealt(train.Length, seed), "control");
            double commonest = labels.Max(label => testFamilies.Count(family => family == label)) / (double)test.Length;
            return
            [
                new("family, ranked by likelihood", own[0], control[0], commonest), new("family, by text matching", own[1], control[1], commonest),
                new("family named in the caption", own[2], control[2], commonest), new("captions, CIDEr-D", own[3], control[3], null),
            ];

            // Of each clip the sound that the order says.
            double[] Measure(int[] order, string name)
            {
                InstructionExample[] examples =
                [
                    .. captions.Select((caption, i) => new InstructionExample(order[i], CaptionPrompt, caption)),
                    .. families.Select((family, i) => new InstructionExample(order[i], FamilyPrompt, family)),
                ];
                var options = new TrainingOptions
                {
                    Epochs = epochs,
                    BatchSize = 66,
                    LearningRate = 3e-3,
                    WeightDecay = 0,
                    WarmUpSteps = 10,
                    MaxTokens = 30,
                    Seed = seed,
                };
                string made = Path.Combine(begun, name);
                using (var pengi = Pengi.Load(begun))
                {
                    var result = PengiTraining.Run(pengi, heard.Train, new InstructionMix([new InstructionSource(examples)]), options, cancel: cancel);
                    say($"{name}: loss {result.FirstLosses["total"]:F2} to {result.LastLosses["total"]:F2} in {result.Steps} steps");
                    pengi.Save(made, begun);
                }
                using var model = AudioLanguageModel.Load(made); // as any command does
                LabelScorer likelihood = model.Scorer(labels, FamilyPrompt), matching = model.Scorer(labels, FamilyPrompt, bySimilarity: true);
                var (ranked, matched, said) = (new List<string>(), new List<string>(), new List<string>());
                foreach (int[] clips in Enumerable.Range(0, held.Count).Chunk(66))
                {
                    cancel.ThrowIfCancellationRequested();
                    using var sounds = held.Read(clips);
                    ranked.AddRange(likelihood.Score(sounds, cancel).Select(Likeliest));
                    matched.AddRange(matching.Score(sounds, cancel).Select(Likeliest));
                    said.AddRange(model.Answering().Answer(sounds, [CaptionPrompt], new() { MaxTokens = 24 }, cancel)); // without beams: they take minutes
                }
                var set = CaptionSet.From([.. said.Select((caption, i) => new CaptionItem(caption, [testCaptions[i]]))]);
                return [Right(ranked), Right(matched), said.Where((caption, i) => caption.Contains(testFamilies[i], StringComparison.Ordinal)).Count()
                    / (double)test.Length, new CiderD().Score(set, cancel).Corpus];

                string Likeliest(float[] scores) => labels[Array.IndexOf(scores, scores.Max())];
                double Right(List<string> named) => named.Where((name, i) => name == testFamilies[i]).Count() / (double)test.Length;
            }
        }
        finally
        {
            Directory.Delete(begun, recursive: true);
        }
    }

    /// <summary>The embeddings of the notes, computed once for every seed.</summary>
    /// <param name="models">The Pengi that ships.</param>
    /// <param name="data">The notes set.</param>
    /// <param name="every">Which notes: every second, or fewer.</param>
    public static (FrameTable Train, FrameTable Test) Hear(string models, string data, int every = Thinned)
    {
        using var pengi = Pengi.Load(models);
        return (Frames(pengi.Encoder, Notes(data, "train", every).Rows), Frames(pengi.Encoder, Notes(data, "test", every).Rows));
    }

    // What is heard in words, in any order, then the prompt; the answer as the notes set writes it.
    private static TextPair Lesson(Random chance)
    {
        var (program, family, instrument) = GeneralMidi.Programs[chance.Next(GeneralMidi.Programs.Count)];
        int pitch = chance.Next(28, 108), velocity = new[] { 50, 90, 120 }[chance.Next(3)];
        string kin = family.Replace('_', ' ');
        List<string> heard = [kin, instrument, pitch < 52 ? "low" : pitch < 68 ? "middle" : "high", velocity < 70 ? "soft" : velocity < 105 ? "medium-loud"
            : "loud"];
        if (chance.Next(3) == 0) heard.Add(heard[chance.Next(heard.Count)]);
        string[] order = [.. heard];
        chance.Shuffle(order);
        return chance.Next(3) == 0 ? new($"{string.Join(' ', order)} {FamilyPrompt}", kin)
            : new($"{string.Join(' ', order)} {CaptionPrompt}", NoteCaption.Write(family, instrument, pitch, velocity, chance));
    }

    private const int Thinned = 2; // every second note: what the demo hears in a minute

    private static (AudioManifestRow[] Rows, string[] Captions, string[] Families) Notes(string data, string split, int every = 1)
    {
        AudioManifestRow[] rows = [.. AudioManifest.Read(Path.Combine(data, $"manifest-{split}.csv")).Rows.Where((_, i) => i % every == 0)];
        return (rows, [.. rows.Select(row => row["Caption"])], [.. rows.Select(row => row["Family"].Replace('_', ' '))]);
    }

    private static FrameTable Frames(IAudioEncoder encoder, AudioManifestRow[] rows)
    {
        var table = new FrameTable(encoder.HiddenSize);
        foreach (var row in rows)
        {
            using var scope = NewDisposeScope();
            using var frames = encoder.Encode([AudioFile.Read(row.Path, encoder.SampleRate)]);
            table.Add(frames.Frames[0].contiguous().data<float>().ToArray());
        }
        return table;
    }

    private static void Statistics(HtsAt tower, Tensor mean, Tensor variance)
    {
        using var guard = no_grad();
        var weights = tower.state_dict();
        weights["batch_norm.weight"].copy_(ones(mean.shape));
        weights["batch_norm.bias"].copy_(zeros(mean.shape));
        weights["batch_norm.running_mean"].copy_(mean);
        weights["batch_norm.running_var"].copy_(variance);
    }

    private static readonly string[] Mappings = ["caption_decoder.audio_project.", "caption_decoder.text_project."];

    // The shipped folder with mapping networks as PyTorch draws them.
    private static void Redraw(string from, string to, int seed)
    {
        using var scope = NewDisposeScope();
        using var chance = new Generator((ulong)seed);
        using var checkpoint = CheckpointFolder.Open(from);
        CheckpointWriter.Write(to, checkpoint.Config, [.. checkpoint.Names.Select(name => KeyValuePair.Create(name,
            Mappings.Any(mapping => name.StartsWith(mapping, StringComparison.Ordinal)) ? Drawn(name, checkpoint.Describe(name).Shape)
                : checkpoint.Read(name)))]);
        foreach (string part in (string[])["clip", "gpt2"])
        {
            Directory.CreateDirectory(Path.Combine(to, part));
            foreach (string file in ModelFolder.Names(Path.Combine(from, part)))
                AtomicFile.Copy(Path.Combine(from, part, file), Path.Combine(to, part, file));
        }

        Tensor Drawn(string name, IReadOnlyList<long> shape)
        {
            if (name.EndsWith("prefix_const", StringComparison.Ordinal)) return empty([.. shape]).normal_(0, 1, chance);
            if (name.Contains(".norm", StringComparison.Ordinal)) return name.EndsWith("bias", StringComparison.Ordinal) ? zeros([.. shape]) : ones([.. shape]);
            double bound = shape.Count > 1 ? 1 / Math.Sqrt(shape[^1]) : 0;
            return bound == 0 ? zeros([.. shape]) : empty([.. shape]).uniform_(-bound, bound, chance);
        }
    }
}

/// <summary>A line now and then.</summary>
internal sealed class Lines(string name, Action<string> say) : IProgress<TrainingProgress>
{
    public void Report(TrainingProgress value)
    {
        if (value.Step % 100 == 0)
        {
            say(FormattableString.Invariant($"{name}: step {value.Step} of {value.Steps}, loss {value.Losses["total"]:F3}, ")
                + FormattableString.Invariant($"{value.Remaining.TotalSeconds:F0} s left")
                + (value.Validation is { } measured ? $" {string.Join(", ", measured.Metrics)}" : ""));
        }
    }
}
