using Mint.ML.ModelFiles;

namespace Mint.ML.Tests.ModelFiles;

[TestClass]
public sealed class FrozenFolderTests
{
    private readonly string temporary = Directory.CreateTempSubdirectory("mint-frozen-").FullName;

    [TestCleanup]
    public void Delete() => Directory.Delete(temporary, recursive: true);

    // A model trained in a directory names what lies below it; the test's own directory is another.
    [TestMethod]
    [DataRow("models/bert", "runs/monday/mint.zip", DisplayName = "the directory of then is above the model file")]
    [DataRow("bert", "mint.zip", DisplayName = "beside it")]
    [DataRow("runs/monday/bert", "runs/monday/mint.zip", DisplayName = "beside it, by its last name")]
    public void A_frozen_model_is_found_from_the_model_file_whatever_directory_it_is_loaded_in(string frozen, string file)
    {
        string folder = Directory.CreateDirectory(Path.Combine(temporary, frozen)).FullName, zip = Path.Combine(temporary, file);
        Directory.CreateDirectory(Path.GetDirectoryName(zip)!);
        File.WriteAllText(Path.Combine(folder, "config.json"), "{}");
        const string Sha256 = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"; // of "{}"
        using (var stream = File.Create(zip))
        using (var written = ModelZip.Create(stream))
        {
            written.Write("").Stream("Frozen", w =>
            {
                w.Write(false);
                w.Write(frozen);
                w.Write(1);
                w.Write("config.json");
                w.Write(Sha256);
            });
        }
        using var read = ModelZip.Open(zip, new());
        Assert.AreEqual(folder, FrozenFolder.Read(read.Read(""), "Frozen", Path.GetFullPath).Loaded);

        File.WriteAllText(Path.Combine(folder, "config.json"), "{} ");
        Assert.Throws<InvalidOperationException>(() => FrozenFolder.Read(read.Read(""), "Frozen", Path.GetFullPath));
    }
}
