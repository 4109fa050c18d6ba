using System.Text;
using Microsoft.ML.Data;

namespace Microsoft.ML.Data
{
    public sealed class MulticlassClassificationMetrics
    {
        /// <summary>The average over classes, so that each class counts the same.</summary>
        public double MacroAccuracy { get; }
        /// <summary>The average over rows.</summary>
        public double MicroAccuracy { get; }
        public double LogLoss { get; }
        /// <summary>How much better than guessing by class frequencies: 1 is perfect, 0 is no better.</summary>
        public double LogLossReduction { get; }
        public int TopKPredictionCount { get; }
        public double TopKAccuracy => TopKPredictionCount > 0 ? TopKAccuracyForAllK[Math.Min(TopKPredictionCount, TopKAccuracyForAllK.Count) - 1] : 0;
        public IReadOnlyList<double> TopKAccuracyForAllK { get; }
        public IReadOnlyList<double> PerClassLogLoss { get; }
        public ConfusionMatrix ConfusionMatrix { get; }

        internal MulticlassClassificationMetrics(double[][] counts, string[] names, double[] lossOfClass, long[] rankCounts, int topK)
        {
            int classes = names.Length;
            var rows = counts.Select(row => row.Sum()).ToArray();
            double total = rows.Sum();
            double correct = Enumerable.Range(0, classes).Sum(c => counts[c][c]);
            MicroAccuracy = total > 0 ? correct / total : 0;
            MacroAccuracy = Enumerable.Range(0, classes).Where(c => rows[c] > 0).Select(c => counts[c][c] / rows[c]).DefaultIfEmpty(0).Average();
            LogLoss = total > 0 ? lossOfClass.Sum() / total : 0;
            double prior = rows.Where(n => n > 0).Sum(n => -n * Math.Log(n / total)) / total;
            LogLossReduction = (prior - LogLoss) / prior;
            PerClassLogLoss = lossOfClass.Select((loss, c) => rows[c] > 0 ? loss / rows[c] : 0).ToArray();
            long within = 0;
            TopKAccuracyForAllK = rankCounts.Select(n => (within += n) / total).ToArray();
            TopKPredictionCount = topK;
            ConfusionMatrix = new ConfusionMatrix(counts, names);
        }
    }

    /// <summary>Counts of each pair of actual class (rows) and predicted class (columns).</summary>
    public sealed class ConfusionMatrix
    {
        private readonly string[] _names;
        public IReadOnlyList<IReadOnlyList<double>> Counts { get; }
        public int NumberOfClasses => _names.Length;
        public IReadOnlyList<double> PerClassPrecision { get; }
        public IReadOnlyList<double> PerClassRecall { get; }

        internal ConfusionMatrix(double[][] counts, string[] names)
        {
            (Counts, _names) = (counts, names);
            var classes = Enumerable.Range(0, names.Length).ToArray();
            static double Ratio(double a, double b) => b > 0 ? a / b : 0;
            PerClassPrecision = classes.Select(c => Ratio(counts[c][c], counts.Sum(row => row[c]))).ToArray();
            PerClassRecall = classes.Select(c => Ratio(counts[c][c], counts[c].Sum())).ToArray();
        }

        public double GetCountForClassPair(int predictedClassIndicatorIndex, int actualClassIndicatorIndex) =>
            Counts[actualClassIndicatorIndex][predictedClassIndicatorIndex];

        public string GetFormattedConfusionTable()
        {
            var text = new StringBuilder("Confusion table\nPREDICTED ||");
            for (int c = 0; c < NumberOfClasses; c++) text.Append($" {Short(_names[c])} |");
            text.Append(" Recall\nTRUTH     ||\n");
            for (int actual = 0; actual < NumberOfClasses; actual++)
                text.Append($"{Short(_names[actual])}     || {string.Join(" |", Counts[actual].Select(n => $"{n,10:0}"))} | {PerClassRecall[actual]:0.0000}\n");
            return text.Append($"Precision || {string.Join(" |", PerClassPrecision.Select(p => $"{p,10:0.0000}"))} |\n").ToString();
        }

        private static string Short(string name) => name.Length > 10 ? name[..10] : name.PadLeft(10);
    }
}

namespace Microsoft.ML
{
    public sealed partial class MulticlassClassificationCatalog
    {
        private const double Epsilon = 1e-15;

        public MulticlassClassificationMetrics Evaluate(IDataView data, string labelColumnName = "Label", string scoreColumnName = "Score",
            string predictedLabelColumnName = "PredictedLabel", int topKPredictionCount = 0)
        {
            ArgumentNullException.ThrowIfNull(data);
            ArgumentException.ThrowIfNullOrEmpty(labelColumnName);
            ArgumentException.ThrowIfNullOrEmpty(scoreColumnName);
            ArgumentException.ThrowIfNullOrEmpty(predictedLabelColumnName);
            var (label, score) = (data.Schema[labelColumnName], data.Schema[scoreColumnName]);
            _ = data.Schema[predictedLabelColumnName];              // must be there, though the scores tell everything
            if (score.Type is not VectorDataViewType { Size: >= 2 } vector || vector.ItemType != NumberDataViewType.Single)
                throw new ArgumentOutOfRangeException(nameof(data), $"Schema mismatch for score column '{score.Name}': expected vector of two or more items of type Single, got {score.Type}");
            if (label.Type is not KeyDataViewType && label.Type != NumberDataViewType.Single)
                throw new ArgumentOutOfRangeException(nameof(data), $"Schema mismatch for label column '{label.Name}': expected Single or KeyType, got {label.Type}");

            int classes = vector.Size;
            var counts = Enumerable.Range(0, classes).Select(_ => new double[classes]).ToArray();
            var loss = new double[classes];
            var rankCounts = new long[classes];
            using var cursor = data.GetRowCursor([label, score]);
            var getLabel = NumericColumns.Getter(cursor, label);
            var getScore = cursor.GetGetter<VBuffer<float>>(score);
            VBuffer<float> buffer = default;
            var scores = new float[classes];
            while (cursor.MoveNext())
            {
                double actual = getLabel();
                if (double.IsNaN(actual) || actual < 0) continue;      // rows without a label say nothing
                getScore(ref buffer);
                buffer.CopyTo(scores);
                int predicted = Array.IndexOf(scores, scores.Max());
                if (actual >= classes) throw new InvalidOperationException($"Label {actual} of column '{label.Name}' is beyond the {classes} classes of column '{score.Name}'");
                int a = (int)actual;
                counts[a][predicted]++;
                loss[a] -= Math.Log(Math.Clamp(scores[a], Epsilon, 1));
                rankCounts[Rank(scores, a)]++;
            }
            return new MulticlassClassificationMetrics(counts, Names(score, classes), loss, rankCounts, topKPredictionCount);
        }

        public IReadOnlyList<CrossValidationResult<MulticlassClassificationMetrics>> CrossValidate(IDataView data, IEstimator<ITransformer> estimator,
            int numberOfFolds = 5, string labelColumnName = "Label", string samplingKeyColumnName = null, int? seed = null) =>
            CrossValidate(data, estimator, numberOfFolds, samplingKeyColumnName, seed, scored => Evaluate(scored, labelColumnName));

        /// <summary>How many classes come before the actual one; of equal scores the first class comes first.</summary>
        private static int Rank(float[] scores, int actual) =>
            scores.Where((s, c) => s > scores[actual] || (s == scores[actual] && c < actual)).Count();

        private static string[] Names(DataViewSchema.Column score, int classes)
        {
            if (!score.HasSlotNames()) return Enumerable.Range(0, classes).Select(c => c.ToString()).ToArray();
            VBuffer<ReadOnlyMemory<char>> names = default;
            score.GetSlotNames(ref names);
            return names.DenseValues().Select(n => n.ToString()).ToArray();
        }
    }
}
