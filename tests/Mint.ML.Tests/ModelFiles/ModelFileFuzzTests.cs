using Mint.ML.Checkpoints;
using Mint.ML.ModelFiles;

namespace Mint.ML.Tests.ModelFiles;

/// <summary>Mutated model files: what they name and hold, without the weights, whose readers have tests of their own.</summary>
[TestClass]
public sealed class ModelFileFuzzTests
{
    private const string Place = "Encoder/";

    private readonly string temporary = Directory.CreateTempSubdirectory("mint-fuzz-").FullName;

    [TestCleanup]
    public void Delete() => Directory.Delete(temporary, recursive: true);

    private sealed record Options(string Column = "Audio", int BatchSize = 16);

    [TestMethod]
    public void Mutated_model_files_hold_what_they_say_or_are_refused_and_leave_nothing()
    {
        string folder = Directory.CreateDirectory(Path.Combine(temporary, "encoder")).FullName;
        File.WriteAllText(Path.Combine(folder, "config.json"), """{"model_type": "none"}""");
        File.WriteAllText(Path.Combine(folder, "vocab.txt"), "a\nb\n");
        var folders = new FrozenModelFolders(temporary) { MostUnpackedBytes = 1 << 20 };
        Fuzz.Run([Saved(folder, embedded: true), Saved(folder, embedded: false)], bytes =>
        {
            using var zip = ModelZip.Open(new MemoryStream(bytes), folders);
            foreach (string place in zip.Places("Options.json"))
            {
                var reader = zip.Read(place);
                reader.Json<Options>("Options.json");
                FrozenFolder.Read(reader, "Frozen", path => ModelFolder.Names(path).Count);
            }
        }, error => error is InvalidDataException or FormatException or EndOfStreamException or InvalidOperationException
            || error.GetType() == typeof(IOException)
            || error is DirectoryNotFoundException && error.Message.Contains("was not found"), maxAllocated: 8 << 20);
        Assert.IsEmpty(Directory.GetDirectories(temporary).Where(left => Path.GetFileName(left) != "encoder"));
    }

    private static byte[] Saved(string folder, bool embedded)
    {
        using var bytes = new MemoryStream();
        using (var zip = ModelZip.Create(bytes))
        {
            var writer = zip.Write(Place);
            writer.Json("Options.json", new Options());
            FrozenFolder.FromPath(folder, embedded).Write(writer, "Frozen");
        }
        return bytes.ToArray();
    }
}
