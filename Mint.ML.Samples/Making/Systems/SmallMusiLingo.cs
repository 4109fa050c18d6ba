using Mint.ML.Audio;
using Mint.ML.Encoders;
using Mint.ML.LanguageModels;
using Mint.ML.Metrics;
using Mint.ML.Samples.Demo;
using Mint.ML.Samples.Making.Music;
using Mint.ML.Samples.Making.Pretraining;
using Mint.ML.Systems;
using Mint.ML.Training;
using Mint.ML.Training.Data;
using static TorchSharp.torch;

namespace Mint.ML.Samples.Making.Systems;

/// <summary>A MusiLingo that two cores train in minutes on music synthesised from the notes that ship: how its frozen LLaMA was made, and what it
/// learns.</summary>
internal static class SmallMusiLingo
{
    private const double Frame = 0.08; // seconds, of the ear
    private const long Window = 2;     // frames that make a token: a mean over two seconds has no beat in it
    private const int Tokens = 38;     // of six seconds
    private const string Beat = "beat";
    private const double Blur = 1;     // in the lessons: many tokens tell one thing, and none of them tells it plainly

    /// <summary>Makes the folder that ships: a vocabulary, and a LLaMA that answers about music from words in the music's place.</summary>
    public static void Make(string folder, Action<string> say, CancellationToken cancel)
    {
        var chance = new Random(1);
        var texts = Enumerable.Range(0, 4000).Select(_ => Lesson(chance)).SelectMany(pair => new[] { pair.Input, pair.Target });
        string work = folder + ".making";
        var words = SmallFolders.Vocabulary(work, texts, 300);
        long begin = words.TokenToId("[CLS]")!.Value, end = words.TokenToId("[SEP]")!.Value;
        var config = new LlamaConfig
        {
            VocabularySize = words.VocabularySize,
            HiddenSize = 96,
            FeedForwardSize = 192,
            Layers = 2,
            Heads = 4,
            KeyHeads = 4,
            BosTokenId = begin,
            EosTokenId = end,
            PadTokenId = words.TokenToId("[PAD]"),
        };
        using (var model = new Llama(config))
        {
            CausalLessons.Draw(model, 96, 1);
            var result = CausalLessons.Run(model, words, Lesson, 2000, 1, new Lines("language model", say), cancel, Blur);
            say($"language model: {result.FirstLosses["total"]:F2} to {result.LastLosses["total"]:F2}");
            SmallFolders.Write(work, model);
        }
        SmallFolders.Halve(work, folder, ["vocab.txt", "tokenizer_config.json"]);
        Directory.Delete(work, recursive: true);
    }

    /// <summary>The pieces as the frozen ear hears them, and the ear's folder: made once for every seed.</summary>
    /// <param name="Folder">A temporary folder with the ear, in <c>mert</c>; the caller deletes it.</param>
    /// <param name="Train">The pieces to train on, and their frames.</param>
    /// <param name="Test">Those held out.</param>
    /// <param name="UnknownGrooves">Those of mma's whose grooves are in no piece to train on, too; null of our own pieces.</param>
    public sealed record Heard(string Folder, HeardPieces Train, HeardPieces Test, HeardPieces? UnknownGrooves);

    /// <summary>Pieces and their frames, in one order.</summary>
    public sealed record HeardPieces(IReadOnlyList<MusicPiece> Pieces, FrameTable Frames);

    /// <summary>Hears all pieces: those that mma wrote, or else plays its own.</summary>
    /// <param name="encoder">The encoder that ships.</param>
    /// <param name="llama">The LLaMA that ships.</param>
    /// <param name="data">The notes set, of which the pieces are played: the held-out ones of the test soundfont.</param>
    /// <param name="music">A folder of <see cref="MmaMusic"/>, whose pieces are heard instead; null for none.</param>
    /// <param name="cancel">Stops it.</param>
    /// <param name="train">Own pieces to train on.</param>
    /// <param name="test">Own pieces held out.</param>
    public static Heard Hear(string encoder, string llama, string data, string? music, CancellationToken cancel, int train = 240, int test = 96)
    {
        if (music is not null)
        {
            foreach (string split in (string[])[MmaMusic.Train, MmaMusic.Test, MmaMusic.UnknownGrooves])
            {
                if (!File.Exists(MmaMusic.Manifest(music, split)))
                    throw new FileNotFoundException($"{music} has no manifest-{split}.csv: make it by 'mint data music {music}'.");
            }
        }
        string place = Directory.CreateTempSubdirectory("mint-small-musilingo-").FullName, mert = Path.Combine(place, "mert");
        try
        {
            SmallFolders.WriteMert(encoder, mert);
            using var ear = MusiLingo.Begin(mert, llama, window: Window);
            return new(place, Pieces(ear, MmaMusic.Train, train, 1), Pieces(ear, MmaMusic.Test, test, 2),
                music is null ? null : Pieces(ear, MmaMusic.UnknownGrooves, 0, 0));
        }
        catch
        {
            Directory.Delete(place, recursive: true);
            throw;
        }

        HeardPieces Pieces(MusiLingo ear, string split, int count, int seed)
        {
            if (music is null)
            {
                var (own, notes) = (MusicPiece.Draw(count, seed), new NoteSampler(Path.Combine(data, $"manifest-{split}.csv")));
                return new(own, Frames(ear.Encoder, own.Select(piece => MusicSynthesis.Play(piece, notes)), cancel));
            }
            var made = MmaMusic.Read(MmaMusic.Manifest(music, split));
            return new([.. made.Select(one => one.Piece)], Frames(ear.Encoder, made.Select(one => AudioFile.Read(one.File, ear.Encoder.SampleRate)), cancel));
        }
    }

    /// <summary>Trains the adapter on pieces of the training soundfonts, and a control, and measures both on pieces of the held-out one.</summary>
    /// <param name="heard">The pieces, of <see cref="Hear"/>.</param>
    /// <param name="llama">The LLaMA that ships.</param>
    /// <param name="seed">Decides the adapter and the order.</param>
    /// <param name="say">Told of progress.</param>
    /// <param name="cancel">Stops it.</param>
    /// <param name="captionEpochs">Passes over the captions.</param>
    /// <param name="answerEpochs">Passes over the questions.</param>
    public static IReadOnlyList<DemoMeasure> Run(Heard heard, string llama, int seed, Action<string> say, CancellationToken cancel,
        int captionEpochs = 6, int answerEpochs = 8)
    {
        string mert = Path.Combine(heard.Folder, "mert");
        var train = heard.Train.Pieces;
        var own = Measure([.. Enumerable.Range(0, train.Count)], "system");
        var control = Measure(SystemDemo.Dealt(train.Count, seed), "control");
        return [.. own.Zip(control, (one, other) => one with { Control = other.System })];

        // With the system's values where the control's will stand, too.
        List<DemoMeasure> Measure(int[] order, string name)
        {
            using var model = MusiLingo.Begin(mert, llama, MusiLingoLayers.Weighted, Window, seed);
            // Captions first, then questions, as the paper does.
            InstructionExample[] captions = [.. train.Select((piece, i) => new InstructionExample(order[i], "", MusicQuestions.Caption(piece)))],
                answers = [.. MusicQuestions.All.SelectMany(asked => train.Select((piece, i) =>
                    new InstructionExample(order[i], asked.Question, asked.Answer(piece))))];
            var options = new TrainingOptions
            {
                Epochs = captionEpochs,
                BatchSize = 32,
                LearningRate = 1e-2,
                WeightDecay = 0,
                WarmUpSteps = 20,
                MaxTokens = 40,
                Seed = seed,
            };
            MusiLingoTraining.Run(model, heard.Train.Frames, Mix(captions), options, cancel: cancel);
            var result = MusiLingoTraining.Run(model, heard.Train.Frames, Mix(answers), options with { Epochs = answerEpochs }, cancel: cancel);
            say($"{name}: loss {result.FirstLosses["total"]:F2} to {result.LastLosses["total"]:F2} in {result.Steps} steps");
            List<DemoMeasure> measured = [];
            var items = new List<CaptionItem>();
            foreach (var (asked, question, answer) in MusicQuestions.All)
            {
                string[] said = Said(heard.Test.Frames, question);
                Add($"{asked}, answered word for word", heard.Test.Pieces, said, answer, beside: false);
                items.AddRange(said.Select((text, i) => new CaptionItem(text, [answer(heard.Test.Pieces[i])])));
            }
            var set = CaptionSet.From(items);
            foreach (ICaptionMetric metric in (ICaptionMetric[])[new BleuMean(), new RougeL()])
                measured.Add(new($"all answers, {metric.Name}", metric.Score(set, cancel).Corpus, 0, null));
            foreach (var (asked, question, answer) in heard.UnknownGrooves is null ? [] : MusicQuestions.All)
                Add($"{asked}, of unknown grooves", heard.UnknownGrooves!.Pieces, Said(heard.UnknownGrooves.Frames, question), answer, beside: true);
            return measured;

            string[] Said(FrameTable frames, string question) => [.. Enumerable.Range(0, frames.Count).Chunk(60).SelectMany(clips =>
            {
                using var sounds = frames.Read(clips);
                return model.Answer(sounds, [question], MusiLingo.Search with { MaxTokens = 24 }, cancel);
            })];

            void Add(string name, IReadOnlyList<MusicPiece> pieces, string[] said, Func<MusicPiece, string> answer, bool beside) =>
                measured.Add(new(name, said.Where((text, i) => text == answer(pieces[i])).Count() / (double)said.Length, 0,
                    pieces.GroupBy(answer).Max(group => group.Count()) / (double)said.Length)
                { IsBeside = beside });
        }

        static InstructionMix Mix(InstructionExample[] examples) => new([new InstructionSource(examples)]);
    }

    // The facts in words, in any order, where the music will stand: a word for each of its tokens, and "beat" where one falls. So the language model
    // knows what a tempo is before it is frozen, and an adapter that makes the beats heard is enough.
    private static TextPair Lesson(Random chance)
    {
        var piece = MusicPiece.Draw(1, chance.Next())[0] with
        {
            Instrument = Any(MusicPiece.Instruments),
            Tempo = Any(MusicPiece.Tempos),
            Groove = Any(MusicPiece.Grooves),
            Tonic = Any(MusicPiece.Tonics),
            Mode = Any(MusicPiece.Modes),
        };
        string music = Music(piece, chance);
        if (chance.Next(4) == 0) return new(music, MusicQuestions.Caption(piece));
        var (_, question, answer) = MusicQuestions.All[chance.Next(MusicQuestions.All.Count)];
        return new($"###Human: <Audio> {music} </Audio> {question} ###Assistant:", answer(piece));

        string Any(IReadOnlyList<string> values) => values[chance.Next(values.Count)];
    }

    /// <summary>A piece in words, a word a token.</summary>
    internal static string Music(MusicPiece piece, Random chance)
    {
        List<string> facts = [piece.Instrument, piece.Groove, .. piece.Tonic.ToLowerInvariant().Split(' '), piece.Mode];
        bool hasBeats = chance.Next(4) > 0;
        if (!hasBeats || chance.Next(2) == 0) facts.Add(piece.Tempo); // in words, in beats, or both
        string[] words = [.. Enumerable.Range(0, Tokens).Select(_ => facts[chance.Next(facts.Count)])];
        double period = 60 / (piece.BeatsPerMinute * (1 + 0.1 * chance.NextDouble())) / (Frame * Window);
        for (double at = chance.NextDouble() * period; hasBeats && at < Tokens; at += period)
        {
            // One in ten is missed, and as many are heard where there is none.
            if (chance.Next(10) > 0) words[(int)at] = Beat;
        }
        for (int i = 0; hasBeats && i < Tokens; i++)
        {
            if (chance.Next(10) == 0) words[i] = Beat;
        }
        return string.Join(' ', words);
    }

    private static FrameTable Frames(IAudioEncoder encoder, IEnumerable<AudioClip> pieces, CancellationToken cancel)
    {
        var table = new FrameTable(encoder.HiddenSize);
        foreach (var piece in pieces)
        {
            cancel.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            using var guard = no_grad();
            using var frames = encoder.Encode([piece]);
            table.Add(frames.Frames[0].contiguous().data<float>().ToArray());
        }
        return table;
    }
}
