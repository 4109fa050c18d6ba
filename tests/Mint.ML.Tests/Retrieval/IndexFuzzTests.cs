using Mint.ML.Retrieval;

namespace Mint.ML.Tests.Retrieval;

[TestClass]
public sealed class IndexFuzzTests
{
    private readonly string folder = Directory.CreateTempSubdirectory("mint-fuzz-").FullName;

    [TestCleanup]
    public void Delete() => Directory.Delete(folder, recursive: true);

    [TestMethod]
    public void Mutated_indexes_are_searched_or_refused()
    {
        byte[][] samples = [.. Enum.GetValues<VectorStorage>().Select(Index)];
        string path = Path.Combine(folder, "mutated.index");
        Fuzz.Run(samples, bytes =>
        {
            File.WriteAllBytes(path, bytes);
            using var index = EmbeddingIndex.Open(path, mapped: false);
            var query = new float[1, index.Width];
            query[0, 0] = 1;
            foreach (var hit in index.Search([query], 3)[0])
            {
                Assert.IsTrue(float.IsFinite(hit.Similarity));
                index.Vectors(hit.Row);
            }
        }, error => error is InvalidDataException && error.Message.Contains(path), maxAllocated: 32 << 20);
    }

    private byte[] Index(VectorStorage storage)
    {
        string path = Path.Combine(folder, $"{storage}.index");
        using (var writer = EmbeddingIndexWriter.Create(path, 2, 4, storage))
        {
            for (int i = 0; i < 5; i++) writer.Add($"clip {i} ø", new float[,] { { 1, i, 0, 0 }, { 0, 0.5f, -i, 1 } });
            writer.Commit();
        }
        return File.ReadAllBytes(path);
    }
}
