using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;
using Mint.ML.Files;

namespace Mint.ML.Samples.Making;

/// <summary>A manifest as the makings write it.</summary>
internal static class ManifestFile
{
    /// <summary>Writes rows as CSV, whole or not at all; the columns are their properties.</summary>
    public static void Write<T>(string path, IEnumerable<T> rows)
    {
        var text = new StringWriter();
        using (var writer = new CsvWriter(text, new CsvConfiguration(CultureInfo.InvariantCulture) { NewLine = "\n" })) writer.WriteRecords(rows);
        AtomicFile.WriteText(path, text.ToString());
    }
}
