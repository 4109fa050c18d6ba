using Mint.ML.ModelFiles;
using Mint.ML.Text;

namespace Mint.ML.Tests.Text;

[TestClass]
public sealed class VocabularyFilesTests
{
    // roberta-base's tokenizer_config.json names no class: <s> and </s> come of the model's own file.
    [TestMethod]
    public void A_saved_tokenizer_reads_as_the_folder_did_whose_class_the_models_config_tells()
    {
        using var folder = new TemporaryFolder();
        SmallRoberta.Write(folder.Path, config: null);
        File.WriteAllText(Path.Combine(folder.Path, "config.json"), """{"model_type": "roberta", "hidden_size": 8, "vocab_size": 19}""");
        var vocabulary = VocabularyFiles.Read(folder.Path);
        CollectionAssert.AreEqual((int[])[0, .. SmallRoberta.ADogBarks, 2], vocabulary.Tokenizer.Encode("a dog barks"));
        string zip = Path.Combine(folder.Path, "mint.zip");
        using (var stream = File.Create(zip))
        using (var written = ModelZip.Create(stream))
        {
            vocabulary.Write(written.Write(""), "Vocabulary");
        }
        using var read = ModelZip.Open(zip, new());
        var again = VocabularyFiles.Read(read.Read(""), "Vocabulary").Tokenizer;
        CollectionAssert.AreEqual(vocabulary.Tokenizer.Encode("a dog barks"), again.Encode("a dog barks"));
    }
}
