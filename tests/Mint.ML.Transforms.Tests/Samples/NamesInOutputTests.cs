using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;
using Mint.ML.Answering;
using Mint.ML.Samples.Cli;
using Mint.ML.Samples.Cli.Commands;
using Mint.ML.Samples.Cli.Options;

namespace Mint.ML.Transforms.Tests.Samples;

/// <summary>What a stranger may name a file, in what is written about it.</summary>
[TestClass]
public sealed class NamesInOutputTests
{
    private static readonly string[] Odd =
    [
        "=cmd|calc!A0.wav", "+1+1.wav", "@sum.wav", "-2+3.wav", "'quoted.wav", "''.wav", "=\"a\",b.wav", "-1", "a\nb.wav", "a\rb.wav", "a b.wav", "\ta.wav",
        "\u001b]0;PWNED\a.wav", "a\\u000ab.wav", "C:\\users\\u.wav", "a\\b.wav", " lead.wav", "trail.wav ", "a\u2028b.wav", "\u0085.wav", "plain.wav",
    ];

    [TestMethod]
    public void Every_name_comes_back_from_its_CSV_line_and_no_cell_is_a_formula()
    {
        var format = new CsvFormat("label");
        var lines = new HashSet<string>();
        foreach (string name in Odd)
        {
            string line = format.Line(new AnswerRow(name) { Text = "=1+1", Labels = [new("@label\n", 0.5)], Seconds = 1 });
            Assert.AreEqual(name, format.Read(line).Path);
            Assert.IsTrue(lines.Add(line), name);
            Assert.IsFalse(line.Any(char.IsControl), name);
            using var parser = new CsvParser(new StringReader(line), new CsvConfiguration(CultureInfo.InvariantCulture));
            Assert.IsTrue(parser.Read());
            foreach (string cell in parser.Record!)
                Assert.IsTrue(cell.Length == 0 || !"=+-@\t\r".Contains(cell[0]) || double.TryParse(cell, CultureInfo.InvariantCulture, out _), cell);
        }
        Assert.AreEqual("-0.5", CsvFormat.Quoted("-0.5"), "a number is none");
    }

    [TestMethod]
    public void JSON_lines_keep_every_name_escaped()
    {
        var format = new JsonLinesFormat("caption");
        foreach (string name in Odd.Append("a\u009bb\u007f"))
        {
            string line = format.Line(new AnswerRow(name) { Text = "\u001b[2J" });
            Assert.AreEqual(name, format.Read(line).Path);
            Assert.IsFalse(line.Any(char.IsControl), name);
        }
    }

    [TestMethod]
    public void No_control_character_reaches_a_terminal()
    {
        string odd = "\u001b]0;PWNED\a\u009b31m\b\u007f\u202e";
        var written = new StringWriter();
        int called = 0;
        var plain = new PlainWriter(written, () => called++);
        plain.Write(odd);
        plain.WriteLine(odd);
        plain.WriteLine("{0}", odd);
        plain.Write(odd.ToCharArray());
        plain.Write(odd.AsSpan());
        plain.Write(odd[0]);
        plain.WriteLine((object)odd);
        plain.Write("a\tb\r\n\u00e9\u6f22");
        string text = written.ToString();
        Assert.IsFalse(text.Any(c => char.IsControl(c) && c is not ('\n' or '\r' or '\t') || c == '\u202e'), text);
        Assert.Contains("\u241b]0;PWNED\u2407\ufffd31m\u2408\u2421\ufffd", text);
        Assert.EndsWith("a\tb\r\n\u00e9\u6f22", text);
        Assert.IsGreaterThanOrEqualTo(8, called);
        Assert.AreEqual("a\u240db", PlainWriter.Plain("a\rb"), "a return alone would let a line overwrite itself");
    }

    [TestMethod]
    public void Names_and_recipe_values_that_begin_with_an_at_are_no_response_files()
    {
        var folder = Directory.CreateTempSubdirectory("mint-at-");
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "secret.txt"), "s3cret words");
            string recipe = Path.Combine(folder.FullName, "recipe.json"), at = "@" + Path.Combine(folder.FullName, "secret.txt");
            File.WriteAllText(recipe, $$"""{ "input": "{{at}}", "model": "@model.zip" }""");
            var command = CaptionCommand.Create();
            var parse = Recipe.With(command, command.Parse([], Recipe.ParserConfiguration), recipe);
            Assert.AreEqual(at, parse.CommandResult.GetValue<string>("input"));
            Assert.AreEqual("@model.zip", parse.CommandResult.GetValue<string>("--model"));
            Assert.AreEqual("@sum.wav", command.Parse(["@sum.wav"], Recipe.ParserConfiguration).CommandResult.GetValue<string>("input"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [TestMethod]
    public void The_words_of_a_SPICE_command_may_stand_in_quotes()
    {
        CollectionAssert.AreEqual(new[] { "./with space/s.sh", "-Xmx8G", "", "a'b", "C:\\x y\\z" },
            EvaluateCommand.Words("  \"./with space/s.sh\" -Xmx8G '' \"a'b\"   C:\\x' 'y\\z "));
        Assert.IsEmpty(EvaluateCommand.Words("  "));
        Assert.Contains("not closed", Assert.ThrowsExactly<ArgumentException>(() => EvaluateCommand.Words("\"a b")).Message);
    }
}
