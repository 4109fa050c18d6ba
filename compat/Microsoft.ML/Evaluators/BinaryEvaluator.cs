using Microsoft.ML.Data;

namespace Microsoft.ML.Data
{
    public class BinaryClassificationMetrics
    {
        public double AreaUnderRocCurve { get; }
        public double AreaUnderPrecisionRecallCurve { get; }
        public double Accuracy { get; }
        public double PositivePrecision { get; }
        public double PositiveRecall { get; }
        public double NegativePrecision { get; }
        public double NegativeRecall { get; }
        public double F1Score { get; }
        /// <summary>The positive class first.</summary>
        public ConfusionMatrix ConfusionMatrix { get; }

        internal BinaryClassificationMetrics(IReadOnlyList<(bool Actual, bool Predicted, float Score)> rows)
        {
            double Count(bool actual, bool predicted) => rows.Count(r => r.Actual == actual && r.Predicted == predicted);
            ConfusionMatrix = new ConfusionMatrix([[Count(true, true), Count(true, false)], [Count(false, true), Count(false, false)]], ["positive", "negative"]);
            Accuracy = rows.Count > 0 ? (Count(true, true) + Count(false, false)) / rows.Count : 0;
            (PositivePrecision, NegativePrecision) = (ConfusionMatrix.PerClassPrecision[0], ConfusionMatrix.PerClassPrecision[1]);
            (PositiveRecall, NegativeRecall) = (ConfusionMatrix.PerClassRecall[0], ConfusionMatrix.PerClassRecall[1]);
            double sum = PositivePrecision + PositiveRecall;
            F1Score = sum > 0 ? 2 * PositivePrecision * PositiveRecall / sum : 0;
            (AreaUnderRocCurve, AreaUnderPrecisionRecallCurve) = Areas(rows);
        }

        /// <summary>Trapezoids between the points where the score changes.</summary>
        private static (double Roc, double PrecisionRecall) Areas(IReadOnlyList<(bool Actual, bool Predicted, float Score)> rows)
        {
            double positives = rows.Count(r => r.Actual), negatives = rows.Count - positives;
            double truePositives = 0, falsePositives = 0, roc = 0, area = 0, lastRecall = 0, lastPrecision = 1, lastFalse = 0;
            foreach (var tie in rows.GroupBy(r => r.Score).OrderByDescending(g => g.Key))
            {
                truePositives += tie.Count(r => r.Actual);
                falsePositives += tie.Count(r => !r.Actual);
                double recall = truePositives / positives, precision = truePositives / (truePositives + falsePositives), wrong = falsePositives / negatives;
                roc += (wrong - lastFalse) * (recall + lastRecall) / 2;
                area += (recall - lastRecall) * (precision + lastPrecision) / 2;
                (lastRecall, lastPrecision, lastFalse) = (recall, precision, wrong);
            }
            return (roc, area);
        }
    }
}

namespace Microsoft.ML
{
    public sealed partial class BinaryClassificationCatalog
    {
        public BinaryClassificationMetrics EvaluateNonCalibrated(IDataView data, string labelColumnName = "Label", string scoreColumnName = "Score",
            string predictedLabelColumnName = "PredictedLabel")
        {
            ArgumentNullException.ThrowIfNull(data);
            var columns = new[] { labelColumnName, scoreColumnName, predictedLabelColumnName }.Select(name => data.Schema[name]).ToArray();
            using var cursor = data.GetRowCursor(columns);
            var get = columns.Select(c => NumericColumns.Getter(cursor, c)).ToArray();
            var rows = new List<(bool, bool, float)>();
            while (cursor.MoveNext())
            {
                double label = get[0]();
                if (!double.IsNaN(label)) rows.Add((label > 0, get[2]() > 0, (float)get[1]()));
            }
            return new BinaryClassificationMetrics(rows);
        }
    }
}
