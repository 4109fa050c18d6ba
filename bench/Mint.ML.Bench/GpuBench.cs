using System.Globalization;
using Mint.ML.Bridges;
using Mint.ML.Encoders;
using Mint.ML.Generation;
using Mint.ML.LanguageModels;
using Mint.ML.Objectives;
using Mint.ML.Systems;
using Mint.ML.Text;
using Mint.ML.Training;
using Mint.ML.Training.Data;
using TorchSharp;
using static TorchSharp.torch;

/// <summary>Both stages and generation at the paper's sizes on a GPU, beside bench/reference/train.py, stage2.py and generate.py. Training is the product's
/// own loop: frames read from memory, copied, and every loss looked at.</summary>
internal static class GpuBench
{
    private const int Frames = 250, Width = 768, CaptionTokens = 30, AskedTokens = 20, AnsweredTokens = 20;

    /// <summary>Stage 1 of a bridge of BERT-base's size: gpu-stage1 DEVICE CLIPS STEPS [bfloat16] [recompute]</summary>
    public static int AlignmentSteps(string device, string clips, string steps, string[] how)
    {
        int batch = Number(clips);
        using var bridge = Bridge(device);
        using var audio = new RandomFrames(batch);
        var tokenizer = new NumberTokenizer(30522, begins: 101, ends: 102);
        var captions = Texts(audio.Count, CaptionTokens - 2);
        AlignmentTraining.Run(bridge, tokenizer, audio, captions, new AlignmentOptions(), Options(batch, how), progress: new Turns(Number(steps)));
        return 0;
    }

    /// <summary>Stage 2 with a frozen language model of a folder, held in bfloat16: gpu-stage2 DEVICE FOLDER CLIPS STEPS [bfloat16] [recompute]</summary>
    public static int InstructionSteps(string device, string folder, string clips, string steps, string[] how)
    {
        int batch = Number(clips);
        using var audio = new RandomFrames(batch);
        var language = T5.Load(folder, ScalarType.BFloat16, torch.device(device));
        var tokenizers = new MintTokenizers(new NumberTokenizer(30522, begins: 101, ends: 102), new NumberTokenizer(language.VocabularySize, null, ends: 1));
        using var model = MintModel.Begin(Bridge(device), language, tokenizers, seed: 1);
        var (asked, answered) = (Texts(audio.Count, AskedTokens - 2), Texts(audio.Count, AnsweredTokens - 1));
        InstructionTraining.Run(model, audio, [.. asked.Select((question, clip) => new InstructionExample(clip, question, answered[clip]))],
            Options(batch, how), progress: new Turns(Number(steps)));
        return 0;
    }

    /// <summary>Answers of 30 tokens by a language model of a folder, held in a type: gpu-generate DEVICE FOLDER PROMPTS BEAMS TYPE</summary>
    public static int Generate(string device, string folder, string prompts, string beams, string type)
    {
        var held = Enum.Parse<ScalarType>(type, ignoreCase: true);
        using var model = T5.Load(folder, held, torch.device(device));
        using var seed = manual_seed(1); // the same prompts as PyTorch's
        using var drawn = randn(Number(prompts), 52, model.HiddenSize);
        using var prompt = drawn.to(held).to(model.Device);
        using var mask = ones([Number(prompts), 52], dtype: ScalarType.Bool, device: model.Device);
        var options = new GenerationOptions { Beams = Number(beams), MinTokens = 30, MaxTokens = 30 };
        foreach (var answers in TextGenerator.Generate(model, prompt, mask, options)) Console.Error.WriteLine($"answer {string.Join(' ', answers[0].Ids)}");
        return AnswerBench.Serve(() => TextGenerator.Generate(model, prompt, mask, options));
    }

    private static BridgeNet Bridge(string device)
    {
        var bridge = new BridgeNet(new BridgeNetConfig());
        bridge.Initialize(1);
        bridge.to(torch.device(device));
        return bridge;
    }

    // More steps than anybody asks for: a run ends with the input.
    private static TrainingOptions Options(int batch, string[] how) => new()
    {
        BatchSize = batch,
        Epochs = 1_000_000,
        Schedule = LearningRateSchedule.Constant,
        Precision = how.Contains("bfloat16") ? TrainingPrecision.BFloat16 : TrainingPrecision.Float32,
        ActivationCheckpointing = how.Contains("recompute"),
    };

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>Texts of so many words each, every word a number.</summary>
    private static string[] Texts(int count, int words)
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, count).Select(_ => string.Join(' ', Enumerable.Range(0, words).Select(_ => random.Next(1000, 30000))))];
    }

    /// <summary>Lets training go on for some steps at each line of stdin, and ends the program with the input.</summary>
    private sealed class Turns(int steps) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress progress)
        {
            if (progress.Step != 1 && (progress.Step - 1) % steps != 0) return;
            if (cuda.is_available()) cuda.synchronize();
            Console.WriteLine(progress.Step == 1 ? "ready" : "done");
            if (Console.ReadLine() is null) Environment.Exit(0);
        }
    }

    /// <summary>Frames of as many clips as a step takes four times over, in memory.</summary>
    private sealed class RandomFrames(int batch) : IFrameSource, IDisposable
    {
        private readonly Tensor frames = randn(4 * batch, Frames, Width);

        public int Count => (int)frames.shape[0];

        public int HiddenSize => Width;

        long IFrameSource.Frames(int clip) => Frames;

        public AudioEncoding Read(IReadOnlyList<int> clips)
        {
            using var rows = tensor(clips.Select(clip => (long)clip).ToArray());
            return new(frames.index_select(0, rows), ones([clips.Count, Frames], dtype: ScalarType.Bool));
        }

        public void Dispose() => frames.Dispose();
    }

    /// <summary>Texts that are their tokens' numbers.</summary>
    private sealed class NumberTokenizer(int vocabulary, int? begins, int ends) : ITextTokenizer
    {
        public int VocabularySize => vocabulary;

        public int? PadTokenId => 0;

        public int? EosTokenId => ends;

        public int? BosTokenId => begins;

        public int[] Encode(string text, bool addSpecialTokens = true, int maxLength = int.MaxValue)
        {
            var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => Number(word));
            if (!addSpecialTokens) return [.. words.Take(maxLength)];
            int[] first = begins is { } begin ? [begin] : [];
            return [.. first, .. words.Take(maxLength - first.Length - 1), ends];
        }

        public TokenBatch EncodeBatch(IReadOnlyList<string> texts, bool addSpecialTokens = true, int maxLength = int.MaxValue) =>
            throw new NotSupportedException();

        public TokenBatch EncodeBatch(IReadOnlyList<string> texts, BatchOptions options) => throw new NotSupportedException();

        public string Decode(IEnumerable<int> ids, bool skipSpecialTokens = true) => string.Join(' ', ids);

        public int? TokenToId(string token) => null;
    }
}
