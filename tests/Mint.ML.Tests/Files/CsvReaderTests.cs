using CsvHelper.Configuration;
using Mint.ML.Files;

namespace Mint.ML.Tests.Files;

[TestClass]
public sealed class CsvReaderTests
{
    [TestMethod]
    public void What_another_writer_quoted_is_read_as_it_was()
    {
        string[] pieces = ["a", "", " ", "\"", ",", "\n", "\r\n", "\r", "\t", "ü", "=", "\u0085"];
        var random = new Random(3);
        for (int round = 0; round < 2000; round++)
        {
            string[][] rows = [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => Enumerable.Range(0, 3)
                .Select(_ => string.Concat(Enumerable.Range(0, random.Next(4)).Select(_ => pieces[random.Next(pieces.Length)]))).ToArray())];
            var text = new StringWriter();
            using (var writer = new CsvHelper.CsvWriter(text, new CsvConfiguration(System.Globalization.CultureInfo.InvariantCulture)
            {
                NewLine = round % 2 == 0
                ? "\n" : "\r\n"
            }))
            {
                foreach (string[] row in rows)
                {
                    foreach (string field in row)
                    {
                        writer.WriteField(field, shouldQuote: field.Length == 0 || random.Next(2) == 0
                        || field.AsSpan().ContainsAny("\",\r\n ") || field.Trim() != field);
                    }

                    writer.NextRecord();
                }
            }

            string[][] read = [.. new CsvReader(text.ToString()).Read().Select(record => record.Fields.ToArray())];
            Assert.AreEqual(rows.Length, read.Length, text.ToString());
            for (int i = 0; i < rows.Length; i++) CollectionAssert.AreEqual(rows[i], read[i], text.ToString());
        }
    }

    [TestMethod]
    [DataRow("a,\"b\"c\n", "goes on behind its end")]
    [DataRow("a,b\"c\n", "a quote stands inside a field")]
    [DataRow("x\na,\"b\n", "has no end")]
    public void What_is_no_csv_is_said(string text, string problem) =>
        StringAssert.Contains(Assert.ThrowsExactly<FormatException>(() => new CsvReader(text).Read().ToList()).Message, problem);
}
