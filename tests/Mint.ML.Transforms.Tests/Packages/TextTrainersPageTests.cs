using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.TorchSharp;
using Mint.ML.Transforms.Tests.Pipeline;

namespace Mint.ML.Transforms.Tests.Packages;

/// <summary>The code of docs/text-trainers.md, compiled and run as far as it runs.</summary>
[TestClass]
public sealed class TextTrainersPageTests
{
    private static readonly MLContext ml = new(seed: 1);
    private static readonly ITransformer mint = EightClips.Shared.Model;
    private static readonly IDataView clips = EightClips.Shared.Data;

    [TestMethod]
    public void A_trainer_of_MLNET_learns_from_generated_captions()
    {
        #region text-features
        IDataView captioned = ml.Data.Cache(mint.Transform(clips), "Path", "Family", "GeneratedCaption");
        var pipeline = ml.Transforms.Conversion.MapValueToKey("Label", "Family")
            .Append(ml.Transforms.Text.FeaturizeText("Words", "GeneratedCaption"))
            .Append(ml.MulticlassClassification.Trainers.SdcaMaximumEntropy("Label", "Words"))
            .Append(ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
        ITransformer fromCaptions = pipeline.Fit(captioned);
        #endregion

        string[] families = [.. fromCaptions.Transform(captioned).GetColumn<string>("PredictedLabel")];
        Assert.HasCount(8, families);
        Assert.IsTrue(families.All(TinyModels.Families.Contains), string.Join(", ", families));
    }

    [TestMethod]
    public void A_trainer_of_the_package_takes_generated_captions()
    {
        IDataView captioned = ml.Data.Cache(mint.Transform(clips), "Path", "Family", "GeneratedCaption");
        #region text-classification
        var pipeline = ml.Transforms.Conversion.MapValueToKey("Label", "Family")
            .Append(ml.MulticlassClassification.Trainers.TextClassification("Label", sentence1ColumnName: "GeneratedCaption", batchSize: 8, maxEpochs: 3))
            .Append(ml.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
        #endregion

        SchemaShape.Column label = pipeline.GetOutputSchema(SchemaShape.Create(captioned.Schema)).Single(column => column.Name == "PredictedLabel");
        Assert.AreEqual(TextDataViewType.Instance, label.ItemType);
    }

    [TestMethod]
    public void Captions_are_the_same_after_a_file_between_two_programs()
    {
        string before = Environment.CurrentDirectory;
        DirectoryInfo folder = Directory.CreateTempSubdirectory("mint-captions-");
        try
        {
            Environment.CurrentDirectory = folder.FullName;
            IDataView captioned = ml.Data.Cache(mint.Transform(clips), "Path", "Family", "GeneratedCaption");
            #region between-programs
            IDataView rows = ml.Transforms.SelectColumns("Path", "Family", "GeneratedCaption").Fit(captioned).Transform(captioned);
            using (FileStream file = File.Create("captions.idv"))
            {
                ml.Data.SaveAsBinary(rows, file);
            }
            #endregion

            IDataView read = ml.Data.LoadFromBinary("captions.idv");
            CollectionAssert.AreEqual(captioned.GetColumn<string>("GeneratedCaption").ToArray(), read.GetColumn<string>("GeneratedCaption").ToArray());
        }
        finally
        {
            Environment.CurrentDirectory = before;
            folder.Delete(recursive: true);
        }
    }
}
