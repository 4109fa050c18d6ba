using Microsoft.ML;
using Microsoft.ML.Data;
using Mint.ML.Transforms.Tests.Contract;

namespace Mint.ML.Transforms.Tests.Pipeline;

/// <summary>Texts of columns that are longer than the model reads: asked of it, they are errors of their rows; trained on, they are told with them.</summary>
[TestClass]
public sealed class LongTextColumnTests
{
    private const int LongRow = 5;

    private static readonly string Long = string.Join(' ', Enumerable.Repeat("flute", 90));

    private static EightClips Clips => EightClips.Shared;
    private static MLContext Ml => Clips.Ml;

    private static IDataView Data(string column)
    {
        string[] lines = File.ReadAllLines(Clips.Manifest), names = lines[0].Split(',');
        string[] row = lines[1 + LongRow].Split(',');
        row[Array.IndexOf(names, column)] = Long;
        lines[1 + LongRow] = string.Join(',', row);
        string manifest = Path.Combine(Clips.Folder, $"long-{column}.csv");
        File.WriteAllLines(manifest, lines);
        return Ml.Data.LoadFromAudioManifest(manifest);
    }

    private static void Refused<T>(ITransformer model, IDataView data, string column, string read)
    {
        var error = Assert.ThrowsExactly<ArgumentException>(() => model.Transform(data).GetColumn<T>(read).ToArray());
        StringAssert.Contains(error.Message, $"The text in row {LongRow} of column '{column}' (from 0) is ");
        StringAssert.Contains(error.Message, "longer than the model reads: 'flute flute");
        Assert.HasCount(LongRow, model.Transform(Ml.Data.TakeRows(data, LongRow)).GetColumn<T>(read).ToArray(), "the rows before are read");
    }

    [TestMethod]
    public void A_column_of_texts_to_embed_names_the_row_that_is_too_long()
    {
        var data = Data("Caption");
        var bridge = Clips.Model.OfType<BridgeNetTransformer>().Single();
        Refused<float[]>(Ml.AudioLanguage().EmbedText("Vector", "Caption", clap: SmallClap.Folder).Fit(data), data, "Caption", "Vector");
        foreach (int size in (int[])[1, 2])
        {
            var options = new TextEmbedder.Options { OutputColumnName = "Vector", Bridge = bridge, BatchSize = size };
            Refused<float[]>(Ml.AudioLanguage().EmbedText(options).Fit(data), data, "Caption", "Vector");
        }
    }

    [TestMethod]
    public void A_bridges_own_text_column_and_a_column_of_questions_name_it_too()
    {
        var data = Data("Caption");
        Refused<float[]>(Clips.Model, data, "Caption", BridgeNetTransformer.TextEmbedding);
        Assert.HasCount(8, Clips.Model.Transform(data).GetColumn<string>("GeneratedCaption").ToArray(), "whoever does not ask for it is not stopped by it");

        var asked = Data("Instruction");
        var featurized = Clips.Featurize(Ml).Append(Ml.AudioLanguage().GenerateCaptions(new CaptionGenerator.Options
        {
            InstructionColumnName = "Instruction",
            Model = Clips.Model.OfType<InstructionTunedTransformer>().Single(),
        })).Fit(asked);
        Refused<string>(featurized, asked, "Instruction", "GeneratedCaption");
    }

    [TestMethod]
    [DataRow("Caption")]
    [DataRow("Response")]
    public void Training_goes_on_and_tells_the_row(string column)
    {
        var ml = new MLContext(seed: 1);
        var warnings = new List<string>();
        ml.Log += (_, message) => { if (message.Kind == Microsoft.ML.Runtime.ChannelMessageKind.Warning) warnings.Add(message.RawMessage); };
        var model = Clips.Pipeline(ml).Fit(Data(column));
        Assert.HasCount(1, warnings, string.Join('\n', warnings));
        StringAssert.Contains(warnings[0], "1 text has more tokens than MaxTokens");
        StringAssert.Contains(warnings[0], $"row {LongRow} (from 0)");
        var training = column == "Caption" ? model.OfType<BridgeNetTransformer>().Single().Training
            : model.OfType<InstructionTunedTransformer>().Single().Training;
        Assert.AreEqual(Long, training!.CutTexts.Single().Text);
    }
}
