using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Bridges;
using Mint.ML.LanguageModels;
using Mint.ML.Samples.Making.Pretraining;
using Mint.ML.Training;
using Mint.ML.Transforms;

/// <summary>The smallest whole pipeline: an encoder of the fixtures, a bridge and a T5 that are as small, fitted on eight sounds.</summary>
internal sealed class StressModel : IDisposable
{
    private static readonly string[] Labels = ["flute", "organ", "mallet"];

    private readonly MLContext ml = new(seed: 1);
    private readonly string languageModel = Directory.CreateTempSubdirectory("mint-stress-").FullName;
    private readonly IDataView frames;
    private readonly PredictionEngine<Sound, Answer> whole;
    private readonly PredictionEngine<Frames, Answer> similar;
    private readonly Sound[] sounds;
    private readonly Frames[] heard;
    private readonly ITransformer model;

    /// <param name="encoder">The encoder's folder.</param>
    public StressModel(string encoder)
    {
        Clip[] clips = [.. Enumerable.Range(0, 8).Select(i => new Clip(i, Labels[i % 3]))];
        var tokenizer = LanguageModelFolder.WriteTokenizer(clips.Select(clip => $"{clip.Caption}. {clip.Instruction} {clip.Response}."), languageModel, 100);
        using (var t5 = LanguageModelPretraining.Create(new T5Config
        {
            VocabularySize = tokenizer.VocabularySize,
            HiddenSize = 16,
            HeadSize = 8,
            Heads = 2,
            FeedForwardSize = 32,
            EncoderLayers = 1,
            DecoderLayers = 1,
        }, seed: 3))
        {
            LanguageModelFolder.WriteModel(t5, languageModel);
        }
        var featurizer = ml.Transforms.FeaturizeAudio("Features", "Audio", encoder);
        var data = ml.Data.LoadFromEnumerable(clips);
        frames = ml.Data.Cache(featurizer.Fit(data).Transform(data));
        var chain = featurizer.Append(Bridge(epochs: 20)).Append(Tuning(null, epochs: 20)).Append(ml.AudioLanguage().RankLabels("PredictedLabel", Labels));
        model = chain.Fit(data);
        whole = ml.Model.CreatePredictionEngine<Sound, Answer>(model);
        sounds = [.. clips.Select(clip => new Sound { Audio = clip.Audio })];

        var stage1 = ((TransformerChain<RankedClassificationTransformer>)model).OfType<BridgeNetTransformer>().Single();
        var ranked = ml.AudioLanguage().RankLabels(new RankedClassifier.Options { Labels = Labels, Bridge = stage1 }).Fit(frames);
        var schema = SchemaDefinition.Create(typeof(Frames));
        schema[nameof(Frames.Features)].ColumnType = frames.Schema[nameof(Frames.Features)].Type;
        similar = ml.Model.CreatePredictionEngine<Frames, Answer>(new TransformerChain<ITransformer>(ranked), inputSchemaDefinition: schema);
        heard = [.. ml.Data.CreateEnumerable<Frames>(frames, reuseRowObject: false)];
    }

    public int Clips => heard.Length;

    /// <summary>One clip: the label and every bit of the scores.</summary>
    /// <param name="clip">Which one.</param>
    /// <param name="fromSound">Through encoder, bridge and language model; otherwise from frames by stage 1's similarity, at a tenth of the time.</param>
    public string Predict(int clip, bool fromSound)
    {
        var answer = fromSound ? whole.Predict(sounds[clip]) : similar.Predict(heard[clip]);
        return $"{answer.PredictedLabel} {string.Join(' ', answer.Score.Select(BitConverter.SingleToUInt32Bits))}";
    }

    /// <summary>Answers about so many rows at once, clip after clip, and reads the labels.</summary>
    public void Transform(int rows)
    {
        var view = ml.Data.LoadFromEnumerable(Enumerable.Range(0, rows).Select(i => sounds[i % sounds.Length]));
        foreach (uint label in model.Transform(view).GetColumn<uint>("PredictedLabel")) ArgumentOutOfRangeException.ThrowIfZero(label);
    }

    /// <summary>Trains both stages anew, two steps an epoch and stage. The last losses to the bit: what a step does wrong is in all that follow.</summary>
    public string Train(int epochs)
    {
        using var bridge = Bridge(epochs).Fit(frames);
        using var tuned = Tuning(bridge, epochs).Fit(frames);
        return string.Join(' ', bridge.Training!.LastLosses.Concat(tuned.Training!.LastLosses).Select(loss => BitConverter.DoubleToUInt64Bits(loss.Value)));
    }

    private BridgeNetTrainer Bridge(int epochs) => ml.AudioLanguage().Trainers.BridgeNet(new BridgeNetTrainer.Options
    {
        Bridge = new BridgeNetConfig
        {
            Queries = 2,
            EmbeddingSize = 8,
            QFormer = new QFormerConfig { HiddenSize = 16, Layers = 1, Heads = 2, FeedForwardSize = 24, Positions = 32 },
        },
        Training = Training(epochs),
        VocabularySize = 80,
        Seed = 5,
    });

    private InstructionTuner Tuning(BridgeNetTransformer? bridge, int epochs) => ml.AudioLanguage().Trainers.InstructionTuning(new InstructionTuner.Options
    {
        LanguageModel = languageModel,
        Bridge = bridge,
        Training = Training(epochs),
        Seed = 5,
    });

    private static TrainingOptions Training(int epochs) => new() { Epochs = epochs, BatchSize = 4, LearningRate = 1e-3, WarmUpSteps = 1, GradientClip = 1 };

    public void Dispose()
    {
        whole.Dispose();
        similar.Dispose();
        Directory.Delete(languageModel, recursive: true);
    }

    /// <summary>A tenth of a second of a tone.</summary>
    private sealed class Clip(int number, string family)
    {
        [AudioType]
        public MLAudio Audio { get; set; } =
            MLAudio.Create([.. Enumerable.Range(0, 1600 + 100 * number).Select(t => MathF.Sin(t * (0.05f + 0.02f * number)) * 0.5f)], 16_000);

        public string Caption { get; set; } = $"a {family} plays note {number}";
        public string Instruction { get; set; } = "This is a sound of";
        public string Response { get; set; } = family;
    }

    // Without an instruction: with one, an answer would be generated for each prediction.
    private sealed class Sound
    {
        [AudioType]
        public MLAudio? Audio { get; set; }
    }

    private sealed class Frames
    {
        public float[] Features { get; set; } = [];
    }

    private sealed class Answer
    {
        public uint PredictedLabel { get; set; }
        public float[] Score { get; set; } = [];
    }
}
