using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Mint.ML.Generation;
using Mint.ML.ModelFiles;
using Mint.ML.Training;
using Mint.ML.Transforms.Predictors;
using Mint.ML.Transforms.RowMapping;

namespace Mint.ML.Transforms;

/// <summary>
/// A model tuned in stage 2. Where the data has an instruction column, it adds the answer to each row's instruction about the row's sound.
/// </summary>
/// <remarks>
/// The feature column passes through and carries the tuned model as an annotation, by which GenerateCaptions and RankLabels after it in a chain
/// find it. A row without sound, or without an instruction, has an empty answer.
/// </remarks>
public sealed class InstructionTunedTransformer : RowMapTransformer, ILoadable<InstructionTunedTransformer>
{
    internal const string Signature = "MintInstructionTuned";

    private readonly SharedModel<TunedModel> model;
    private readonly Columns columns;

    internal InstructionTunedTransformer(IHostEnvironment environment, SharedModel<TunedModel> model, Columns columns)
        : base(environment, nameof(InstructionTunedTransformer), columns.BatchSize) => (this.model, this.columns) = (model, columns);

    /// <summary>Columns, and how answers are searched for.</summary>
    internal sealed record Columns(string FeatureColumnName, string InstructionColumnName, string OutputColumnName, int BatchSize,
        GenerationOptions Generation);

    /// <summary>Steps and losses of the training; null for a model that was loaded.</summary>
    public TrainingResult? Training { get; internal init; }

    internal SharedModel<TunedModel> Model => model;

    /// <summary>Where the tuned queries, which know the instruction, listen in a clip.</summary>
    /// <param name="features">The clip's row of the feature column: T x E floats.</param>
    /// <param name="instruction">What is asked about the clip.</param>
    /// <returns>(blocks with cross-attention, Q, T): weights averaged over heads, which sum to 1 over the frames.</returns>
    /// <exception cref="ArgumentException">There are no features, or they are not whole frames.</exception>
    public float[,,] QueryAttention(ReadOnlySpan<float> features, string instruction)
    {
        using var work = Enter();
        using var sound = FrameBatch.One(features, model.Value.Model.FrameWidth, model.Value.Model.LanguageModel.Device);
        return model.Value.Model.QueryAttention(sound, instruction);
    }

    private protected override string LoaderSignature => Signature;

    private protected override RowBinding Bind(DataViewSchema input) => new Binding(this, input);

    private protected override void DisposeModel() => model.Dispose();

    private protected override void Write(ModelWriter writer)
    {
        writer.Json(Signature + ".json", columns);
        TunedSteps.Write(writer, model);
    }

    static InstructionTunedTransformer ILoadable<InstructionTunedTransformer>.Read(IHostEnvironment environment, ModelReader reader)
    {
        var columns = reader.Json<Columns>(Signature + ".json");
        return new InstructionTunedTransformer(environment, TunedSteps.Read(environment, reader), columns);
    }

    private sealed class Binding : RowBinding
    {
        private readonly InstructionTunedTransformer owner;
        private readonly DataViewSchema.Column features;
        private readonly DataViewSchema.Column? instruction;
        private readonly SoundQuestions audio;

        public Binding(InstructionTunedTransformer owner, DataViewSchema input) : base(input)
        {
            this.owner = owner;
            features = FrameBatch.Column(input, owner.columns.FeatureColumnName, owner.model.Value.Model.FrameWidth);
            audio = new(owner.Host, input, features, owner.model.Value.Model);
            instruction = input.GetColumnOrNull(owner.columns.InstructionColumnName) is { Type: TextDataViewType } column ? column : null;
            var reference = new ModelReference { Bridge = ModelReference.Find(features)?.Bridge, Tuned = owner.model };
            Added = instruction is null ? [reference.On(features)] : [reference.On(features), new(owner.columns.OutputColumnName, TextDataViewType.Instance)];
        }

        public override IReadOnlyList<DataViewSchema.DetachedColumn> Added { get; }

        public override IEnumerable<DataViewSchema.Column> Needed(Func<int, bool> isActive)
        {
            yield return features;
            if (this.instruction is not { } instruction || !isActive(1)) yield break;
            yield return instruction;
            if (audio.Sounds is { } sounds) yield return sounds;
        }

        public override void Compute(RowBatch batch)
        {
            var features = batch.Input<VBuffer<float>>(this.features);
            if (batch.IsActive(0)) features.CopyTo(batch.Output<VBuffer<float>>(0));
            if (this.instruction is not { } instruction || !batch.IsActive(1)) return;
            var instructions = batch.Input<ReadOnlyMemory<char>>(instruction);
            string[] asked = new string[batch.Count];
            for (int i = 0; i < asked.Length; i++) asked[i] = instructions[i].ToString();
            using var cancel = owner.Host.Cancellation();
            TunedSteps.Answer(owner.model.Value.Model, batch, this.features, audio, asked, owner.columns.Generation, batch.Output<ReadOnlyMemory<char>>(1),
                cancel.Token);
        }
    }
}
