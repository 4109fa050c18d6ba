using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Trainers;

/// <summary>Multinomial logistic regression: minimises the summed negative log-likelihood with L1 and L2 on the weights, not the biases.</summary>
public sealed class LbfgsMaximumEntropyMulticlassTrainer : LbfgsTrainerBase<LbfgsMaximumEntropyMulticlassTrainer.Options,
    MulticlassPredictionTransformer<MaximumEntropyModelParameters>, MaximumEntropyModelParameters>
{
    public sealed class Options : OptionsBase
    {
        public Options() { }
    }

    internal LbfgsMaximumEntropyMulticlassTrainer(IHostEnvironment env, Options options) : base(env, "LbfgsMaximumEntropy", options,
        new SchemaShape.Column(options.LabelColumnName, SchemaShape.Column.VectorKind.Scalar, NumberDataViewType.UInt32, true)) { }

    private protected override IEnumerable<SchemaShape.Column> GetOutputColumns(SchemaShape inputSchema)
    {
        inputSchema.TryFindColumn(LabelColumn.Name, out var label);
        var keyValues = label.Annotations.Where(a => a.Name == AnnotationKinds.KeyValues).ToList();
        var slots = keyValues.Select(a => new SchemaShape.Column(AnnotationKinds.SlotNames, SchemaShape.Column.VectorKind.Vector, a.ItemType, false));
        var text = (string name) => new SchemaShape.Column(name, SchemaShape.Column.VectorKind.Scalar, TextDataViewType.Instance, false);
        SchemaShape.Column[] score = [text(AnnotationKinds.ScoreColumnKind), text(AnnotationKinds.ScoreValueKind)];
        yield return new SchemaShape.Column("Score", SchemaShape.Column.VectorKind.Vector, NumberDataViewType.Single, false, new SchemaShape([.. score, .. slots]));
        yield return new SchemaShape.Column("PredictedLabel", SchemaShape.Column.VectorKind.Scalar, NumberDataViewType.UInt32, true, new SchemaShape([.. keyValues, .. score]));
    }

    private protected override MulticlassPredictionTransformer<MaximumEntropyModelParameters> Train(IDataView data)
    {
        using var channel = Host.Start("Training");
        var (features, labels, weights) = Read(data);
        if (features.Count == 0) throw new InvalidOperationException("No training instances: every row lacks a label or has a missing feature");
        var label = data.Schema[LabelColumn.Name];
        int classes = checked((int)((KeyDataViewType)label.Type).Count), size = features[0].Length;
        channel.Info(MessageSensitivity.None, "{0} rows, {1} features, {2} classes", features.Count, size, classes);

        // The variables: biases first, then the weights, class by class.
        var x = new double[classes * (1 + size)];
        if (Settings.InitialWeightsDiameter > 0)
            for (int i = classes; i < x.Length; i++) x[i] = Settings.InitialWeightsDiameter * (Host.Rand.NextDouble() - 0.5);
        new Lbfgs
        {
            HistorySize = Settings.HistorySize,
            Tolerance = Settings.OptimizationTolerance,
            MaximumIterations = Settings.MaximumNumberOfIterations,
            L1 = Settings.L1Regularization,
            NonNegative = Settings.EnforceNonNegativity,
            Free = classes,
        }.Minimise(x, Loss);
        var model = new MaximumEntropyModelParameters(classes, size, x.Select(v => (float)v).ToArray());
        return new MulticlassPredictionTransformer<MaximumEntropyModelParameters>(model, data.Schema[FeatureColumn.Name], LabelNames(label));

        double Loss(double[] at, double[] gradient)
        {
            Array.Clear(gradient);
            double loss = 0;
            var p = new double[classes];
            for (int row = 0; row < features.Count; row++)
            {
                var f = features[row];
                for (int c = 0; c < classes; c++)
                {
                    double score = at[c];
                    int w = classes + c * size;
                    for (int j = 0; j < f.Length; j++) score += at[w + j] * f[j];
                    p[c] = score;
                }
                loss -= weights[row] * (p[labels[row]] - Softmax(p));
                for (int c = 0; c < classes; c++)
                {
                    double error = weights[row] * (p[c] - (c == labels[row] ? 1 : 0));
                    gradient[c] += error;
                    int w = classes + c * size;
                    for (int j = 0; j < f.Length; j++) gradient[w + j] += error * f[j];
                }
            }
            for (int i = classes; i < at.Length; i++)
            {
                loss += 0.5 * Settings.L2Regularization * at[i] * at[i];
                gradient[i] += Settings.L2Regularization * at[i];
            }
            return loss;
        }
    }

    /// <summary>Turns scores into probabilities; returns the log of the sum of their exponentials.</summary>
    internal static double Softmax(double[] scores)
    {
        double max = scores.Max(), sum = 0;
        for (int c = 0; c < scores.Length; c++) sum += scores[c] = Math.Exp(scores[c] - max);
        for (int c = 0; c < scores.Length; c++) scores[c] /= sum;
        return max + Math.Log(sum);
    }

    private (List<float[]> Features, List<int> Labels, List<double> Weights) Read(IDataView data)
    {
        var (features, labels, weights) = (new List<float[]>(), new List<int>(), new List<double>());
        var columns = new List<DataViewSchema.Column> { data.Schema[FeatureColumn.Name], data.Schema[LabelColumn.Name] };
        if (WeightColumn.Name is not null) columns.Add(data.Schema[WeightColumn.Name]);
        using var cursor = data.GetRowCursor(columns);
        var getFeatures = cursor.GetGetter<VBuffer<float>>(columns[0]);
        var getLabel = NumericColumns.Getter(cursor, columns[1]);
        var getWeight = WeightColumn.Name is null ? () => 1 : NumericColumns.Getter(cursor, columns[2]);
        VBuffer<float> buffer = default;
        while (cursor.MoveNext())
        {
            double label = getLabel();
            if (double.IsNaN(label)) continue;
            getFeatures(ref buffer);
            var row = buffer.DenseValues().ToArray();
            if (!row.All(float.IsFinite)) continue;
            features.Add(row);
            labels.Add((int)label);
            weights.Add(getWeight());
        }
        return (features, labels, weights);
    }

    private static string[] LabelNames(DataViewSchema.Column label)
    {
        if (!label.HasKeyValues()) return null;
        VBuffer<ReadOnlyMemory<char>> names = default;
        label.GetKeyValues(ref names);
        return names.DenseValues().Select(n => n.ToString()).ToArray();
    }
}

public abstract class LinearMulticlassModelParametersBase : ModelParametersBase<VBuffer<float>>
{
    private readonly int _classes, _size;
    private readonly float[] _values;           // biases, then weights class by class

    private protected LinearMulticlassModelParametersBase(int classes, int size, float[] values) => (_classes, _size, _values) = (classes, size, values);

    internal int NumberOfClasses => _classes;
    internal int NumberOfFeatures => _size;

    public IEnumerable<float> GetBiases() => _values.Take(_classes);

    public void GetWeights(ref VBuffer<float>[] weights, out int numClasses)
    {
        numClasses = _classes;
        if (weights is null || weights.Length < _classes) weights = new VBuffer<float>[_classes];
        for (int c = 0; c < _classes; c++) VBuffer<float>.Copy(_values, _classes + c * _size, ref weights[c], _size);
    }

    internal double[] Scores(ReadOnlySpan<float> features)
    {
        var scores = new double[_classes];
        for (int c = 0; c < _classes; c++)
        {
            double score = _values[c];
            int w = _classes + c * _size;
            for (int j = 0; j < _size; j++) score += (double)_values[w + j] * features[j];
            scores[c] = score;
        }
        return scores;
    }

    private protected void WriteValues(BinaryWriter w)
    {
        w.Write(_classes);
        w.Write(_size);
        foreach (float value in _values) w.Write(value);
    }

    private protected static (int, int, float[]) ReadValues(BinaryReader r)
    {
        int classes = r.ReadInt32(), size = r.ReadInt32();
        var values = new float[checked(classes * (1 + size))];
        for (int i = 0; i < values.Length; i++) values[i] = r.ReadSingle();
        return (classes, size, values);
    }
}
