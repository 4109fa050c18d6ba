using System.Security.Cryptography;
using System.Text;

namespace Mint.ML.Files;

/// <summary>What a file holds, told apart by its hash, in lower-case hexadecimal digits.</summary>
internal static class FileHash
{
    private const int Piece = 1 << 20; // bytes read at once: gigabytes of weights take few calls, and a cancelled pull ends soon

    /// <summary>SHA-256 of a file.</summary>
    public static string Sha256(string file, CancellationToken cancel = default) => Of(file, HashAlgorithmName.SHA256, _ => "", cancel);

    /// <summary>SHA-1 of a file as Git names it: of "blob", its size, a zero and its bytes.</summary>
    public static string GitBlob(string file, CancellationToken cancel = default) => Of(file, HashAlgorithmName.SHA1, size => $"blob {size}\0", cancel);

    private static string Of(string file, HashAlgorithmName algorithm, Func<long, string> header, CancellationToken cancel)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        using var hash = IncrementalHash.CreateHash(algorithm);
        hash.AppendData(Encoding.ASCII.GetBytes(header(stream.Length)));
        byte[] piece = new byte[Piece];
        while (stream.Read(piece) is > 0 and var read)
        {
            cancel.ThrowIfCancellationRequested();
            hash.AppendData(piece, 0, read);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
