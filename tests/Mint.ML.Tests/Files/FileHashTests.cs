using System.Security.Cryptography;
using Mint.ML.Files;
using Mint.ML.Tests.Text;

namespace Mint.ML.Tests.Files;

[TestClass]
public sealed class FileHashTests
{
    [TestMethod]
    public void A_file_has_the_hash_that_the_standard_and_git_give_it()
    {
        using var folder = new TemporaryFolder();
        string abc = Path.Combine(folder.Path, "abc"), hello = Path.Combine(folder.Path, "hello");
        File.WriteAllText(abc, "abc");
        File.WriteAllText(hello, "hello\n");
        // FIPS 180-2, B.1; `printf 'hello\n' | git hash-object --stdin`.
        Assert.AreEqual("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", FileHash.Sha256(abc));
        Assert.AreEqual("ce013625030ba8dba906f756967f9e9ca394464a", FileHash.GitBlob(hello));
    }

    [TestMethod]
    public void A_file_of_many_pieces_is_hashed_whole_and_can_be_cancelled()
    {
        using var folder = new TemporaryFolder();
        string file = Path.Combine(folder.Path, "weights");
        byte[] bytes = new byte[3_000_000];
        new Random(1).NextBytes(bytes);
        File.WriteAllBytes(file, bytes);
        Assert.AreEqual(Convert.ToHexStringLower(SHA256.HashData(bytes)), FileHash.Sha256(file));
        Assert.ThrowsExactly<OperationCanceledException>(() => FileHash.Sha256(file, new CancellationToken(canceled: true)));
    }
}
