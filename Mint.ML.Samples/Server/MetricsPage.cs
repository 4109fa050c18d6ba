using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Mint.ML.Samples.Server;

/// <summary>The values of a meter as Prometheus reads them (text format 0.0.4).</summary>
internal sealed class MetricsPage : IDisposable
{
    private static readonly double[] Bounds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

    private readonly MeterListener listener = new();
    private readonly SortedDictionary<string, (Instrument Of, SortedDictionary<string, Series> Series)> all = new(StringComparer.Ordinal);

    public MetricsPage(Meter meter)
    {
        listener.InstrumentPublished = (instrument, own) =>
        {
            if (ReferenceEquals(instrument.Meter, meter)) own.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Take(instrument, value, tags));
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Take(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Take(instrument, value, tags));
        listener.Start();
    }

    /// <summary>The page.</summary>
    public string Write()
    {
        listener.RecordObservableInstruments();
        var page = new StringBuilder();
        lock (all)
        {
            foreach (var (name, (instrument, series)) in all)
            {
                page.Append(CultureInfo.InvariantCulture, $"# HELP {name} {instrument.Description}\n# TYPE {name} {Kind(instrument)}\n");
                foreach (var (tags, one) in series) one.Write(page, name, tags, instrument is Histogram<double>);
            }
        }
        return page.ToString();
    }

    public void Dispose() => listener.Dispose();

    private void Take(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var written = new StringBuilder();
        foreach (var (key, tag) in tags)
        {
            string text = Convert.ToString(tag, CultureInfo.InvariantCulture) ?? "";
            text = text.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n");
            written.Append(written.Length > 0 ? "," : "").Append(key).Append("=\"").Append(text).Append('"');
        }
        lock (all)
        {
            string name = NameOf(instrument);
            if (!all.TryGetValue(name, out var known)) all[name] = known = (instrument, new(StringComparer.Ordinal));
            if (!known.Series.TryGetValue(written.ToString(), out var series)) known.Series[written.ToString()] = series = new Series();
            series.Take(value, added: instrument is Counter<long> or Histogram<double>);
        }
    }

    private static string NameOf(Instrument instrument) =>
        instrument.Name.Replace('.', '_') + (instrument.Unit switch { "s" => "_seconds", "By" => "_bytes", _ => "" })
        + (instrument is Counter<long> ? "_total" : "");

    private static string Kind(Instrument instrument) => instrument switch { Counter<long> => "counter", Histogram<double> => "histogram", _ => "gauge" };

    private sealed class Series
    {
        private readonly long[] counts = new long[Bounds.Length + 1];
        private double sum;

        public void Take(double value, bool added)
        {
            sum = added ? sum + value : value;
            counts[Array.FindIndex(Bounds, bound => value <= bound) is >= 0 and var at ? at : Bounds.Length]++;
        }

        public void Write(StringBuilder page, string name, string tags, bool histogram)
        {
            string braced = tags.Length > 0 ? $"{{{tags}}}" : "";
            if (!histogram)
            {
                page.Append(CultureInfo.InvariantCulture, $"{name}{braced} {sum}\n");
                return;
            }
            long below = 0;
            for (int i = 0; i < counts.Length; i++)
            {
                below += counts[i];
                string bound = i < Bounds.Length ? Bounds[i].ToString(CultureInfo.InvariantCulture) : "+Inf";
                page.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{{tags}{(tags.Length > 0 ? "," : "")}le=\"{bound}\"}} {below}\n");
            }
            page.Append(CultureInfo.InvariantCulture, $"{name}_sum{braced} {sum}\n{name}_count{braced} {below}\n");
        }
    }
}
