using Microsoft.ML.Data;

namespace Microsoft.ML.Data
{
    public sealed class RankingMetrics
    {
        public IReadOnlyList<double> NormalizedDiscountedCumulativeGains { get; }
        public IReadOnlyList<double> DiscountedCumulativeGains { get; }
        internal RankingMetrics(double[] dcg, double[] ndcg) => (DiscountedCumulativeGains, NormalizedDiscountedCumulativeGains) = (dcg, ndcg);
    }

    public sealed class RankingEvaluatorOptions
    {
        public RankingEvaluatorOptions() { }
        public int DcgTruncationLevel = 10;
        /// <summary>The gain of each label value, from 0 on, separated by commas.</summary>
        public string LabelGains = "0,3,7,15,31";
    }
}

namespace Microsoft.ML
{
    public sealed partial class RankingCatalog
    {
        public RankingMetrics Evaluate(IDataView data, string labelColumnName = "Label", string rowGroupColumnName = "GroupId", string scoreColumnName = "Score") =>
            Evaluate(data, new RankingEvaluatorOptions(), labelColumnName, rowGroupColumnName, scoreColumnName);

        public RankingMetrics Evaluate(IDataView data, RankingEvaluatorOptions options, string labelColumnName = "Label", string rowGroupColumnName = "GroupId", string scoreColumnName = "Score")
        {
            ArgumentNullException.ThrowIfNull(data);
            ArgumentNullException.ThrowIfNull(options);
            if (options.DcgTruncationLevel is < 1 or > 100) throw new InvalidOperationException("DCG truncation level must be between 1 and 100");
            var gains = options.LabelGains.Split(',').Select(g => double.Parse(g, System.Globalization.CultureInfo.InvariantCulture)).ToArray();
            var (label, group, score) = (data.Schema[labelColumnName], data.Schema[rowGroupColumnName], data.Schema[scoreColumnName]);
            int levels = options.DcgTruncationLevel, groups = 0;
            double[] dcg = new double[levels], ndcg = new double[levels];

            using var cursor = data.GetRowCursor([label, group, score]);
            var (getLabel, getGroup, getScore) = (NumericColumns.Getter(cursor, label), NumericColumns.Getter(cursor, group), NumericColumns.Getter(cursor, score));
            var rows = new List<(double Gain, double Score)>();
            double current = double.NaN;
            while (cursor.MoveNext())
            {
                double id = getGroup(), value = getLabel();
                if (rows.Count > 0 && !id.Equals(current)) CloseGroup();
                current = id;
                if (!double.IsNaN(value) && value >= gains.Length) throw new InvalidOperationException($"Label {value} has no gain: there are {gains.Length}");
                rows.Add((double.IsNaN(value) ? 0 : gains[(int)value], getScore()));
            }
            if (rows.Count > 0) CloseGroup();
            return new RankingMetrics(dcg.Select(x => x / groups).ToArray(), ndcg.Select(x => x / groups).ToArray());

            void CloseGroup()
            {
                var got = Cumulative(rows.OrderByDescending(r => r.Score).Select(r => r.Gain), levels);
                var best = Cumulative(rows.Select(r => r.Gain).OrderDescending(), levels);
                for (int i = 0; i < levels; i++)
                {
                    dcg[i] += got[i];
                    ndcg[i] += best[i] > 0 ? got[i] / best[i] : 0;
                }
                groups++;
                rows.Clear();
            }
        }

        private static double[] Cumulative(IEnumerable<double> gains, int levels)
        {
            var ranked = gains.Take(levels).ToArray();
            var sums = new double[levels];
            double sum = 0;
            for (int i = 0; i < levels; i++)
            {
                if (i < ranked.Length) sum += ranked[i] / Math.Log(i + 2);
                sums[i] = sum;
            }
            return sums;
        }
    }
}
