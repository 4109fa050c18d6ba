using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Audio;
using Mint.ML.Bridges;
using Mint.ML.Training;

namespace Mint.ML.Transforms.Tests.Pipeline;

/// <summary>Eight clips with a manifest, the frozen models, and the whole pipeline fitted on them: made once, in a temporary folder, which goes when the tests
/// end.</summary>
internal sealed class EightClips
{
    private static readonly Lazy<EightClips> Made = new(() => new EightClips());

    public static EightClips Shared => Made.Value;

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("mint-eight-");

    private EightClips()
    {
        Manifest = Path.Combine(folder.FullName, "clips.csv");
        var lines = new List<string> { "Path,Family,Caption,Instruction,Response" };
        for (int i = 0; i < 8; i++)
        {
            string family = TinyModels.Families[i % 3], name = $"clip{i}.wav";
            // Lengths differ, so that rows are padded; and one rate differs, so that it is resampled.
            int rate = i == 5 ? 22_050 : 16_000;
            float[] samples = [.. Enumerable.Range(0, rate / 10 + i * 400).Select(t => MathF.Sin(t * (0.05f + 0.1f * (i % 3)) * 16_000 / rate) * 0.5f)];
            AudioFile.WriteWav(Path.Combine(folder.FullName, name), new AudioClip(samples, rate));
            lines.Add($"{name},{family},a {family} plays note {i},This is a sound of,{family}");
        }
        File.WriteAllLines(Manifest, lines);
        Encoder = TinyModels.Encoder(folder.FullName);
        LanguageModel = TinyModels.LanguageModel(folder.FullName);
        Data = Ml.Data.LoadFromAudioManifest(Manifest);
        Model = Pipeline(Ml).Fit(Data);
    }

    public MLContext Ml { get; } = new(seed: 1);
    public string Folder => folder.FullName;
    public string Manifest { get; }
    public string Encoder { get; }
    public string LanguageModel { get; }
    public IDataView Data { get; }
    public TransformerChain<RankedClassificationTransformer> Model { get; }

    public static BridgeNetConfig Bridge => new()
    {
        Queries = 3,
        EmbeddingSize = 8,
        QFormer = new QFormerConfig { HiddenSize = 16, Layers = 2, Heads = 2, FeedForwardSize = 24, Positions = 32 },
    };

    public static TrainingOptions Training => new() { Epochs = 2, BatchSize = 4, LearningRate = 1e-3, WarmUpSteps = 1 };

    public EstimatorChain<RankedClassificationTransformer> Pipeline(MLContext ml, int batchSize = 3, bool embed = false, CancellationToken cancel = default) =>
        Featurize(ml, batchSize, embed)
            .Append(ml.AudioLanguage().Trainers.BridgeNet(new BridgeNetTrainer.Options
            {
                Bridge = Bridge,
                Training = Training,
                VocabularySize = 80,
                BatchSize = batchSize,
                Seed = 5,
                Cancellation = cancel
            }))
            .Append(ml.AudioLanguage().Trainers.InstructionTuning(new InstructionTuner.Options
            {
                LanguageModel = LanguageModel,
                Training = Training,
                BatchSize = batchSize,
                EmbedFrozenModels = embed,
                Seed = 5,
                Cancellation = cancel
            }))
            .Append(ml.AudioLanguage().GenerateCaptions(new CaptionGenerator.Options { BatchSize = batchSize }))
            .Append(ml.AudioLanguage().RankLabels(new RankedClassifier.Options { Labels = TinyModels.Families, BatchSize = batchSize }));

    public EstimatorChain<AudioFeaturizingTransformer> Featurize(MLContext ml, int batchSize = 3, bool embed = false,
        AudioErrorHandling onError = AudioErrorHandling.Throw) =>
        ml.Transforms.LoadAudio("Audio", "Path", onError: onError)
            .Append(ml.Transforms.FeaturizeAudio(new AudioFeaturizer.Options { Encoder = Encoder, BatchSize = batchSize, EmbedFrozenModels = embed }));

    /// <summary>What the pipeline answers for a row.</summary>
    public sealed class Answer
    {
        public uint PredictedLabel { get; set; }
        public float[] Score { get; set; } = [];
        public string GeneratedCaption { get; set; } = "";
        public string GeneratedResponse { get; set; } = "";
        public float[] AudioEmbedding { get; set; } = [];
        public float[] TextEmbedding { get; set; } = [];

        public override string ToString() =>
            string.Join('|', PredictedLabel, Bits(Score), GeneratedCaption, GeneratedResponse, Bits(AudioEmbedding), Bits(TextEmbedding));

        private static string Bits(float[] values) => string.Join(' ', values.Select(value => BitConverter.SingleToUInt32Bits(value).ToString("x8")));
    }

    public static List<Answer> Answers(MLContext ml, ITransformer model, IDataView data) =>
        [.. ml.Data.CreateEnumerable<Answer>(model.Transform(data), reuseRowObject: false)];
}
