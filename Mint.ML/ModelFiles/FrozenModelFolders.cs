using System.Globalization;

namespace Mint.ML.ModelFiles;

/// <summary>
/// Where frozen models are looked for that a model file names and does not hold: in the folders given, in those of the environment variable
/// MINT_MODELS (several are separated as in PATH), beside the model file, in the current directory, beside the program, and in the folders that the model
/// file lies in: "models/bert" of project/runs/mint.zip is project/models/bert, wherever it is loaded from.
/// </summary>
/// <remarks>In each folder by the path that the model had at training, and by its last name alone. What is found must have the hashes of then.</remarks>
/// <param name="Folders">Searched first, in this order.</param>
public sealed record FrozenModelFolders(params IReadOnlyList<string> Folders)
{
    /// <summary>The environment variable that names further folders.</summary>
    public const string Variable = "MINT_MODELS";

    /// <summary>The environment variable that allows model files to unpack so many bytes, where <see cref="MostUnpackedBytes"/> does not say.</summary>
    public const string LimitVariable = "MINT_UNPACK_LIMIT";

    private const long Least = 64 << 20, Times = 20; // weights shrink by a tenth or so, and what shrinks to a twentieth is empty

    /// <summary>
    /// Most bytes that one embedded model of a file may unpack to. Default null: twenty times what it takes in the file, and 64 MB at least. A file that is
    /// all zeros
    /// grows a thousand times.
    /// </summary>
    public long? MostUnpackedBytes { get; init; }

    private static readonly AsyncLocal<FrozenModelFolders?> Ambient = new();

    /// <summary>Tells the folder of a frozen model by its name at training, "models/flan-t5-base"; null where it knows none. Asked before any folder.</summary>
    public Func<string, string?>? Resolve { get; init; }

    /// <summary>Those of the load that is under way, see <see cref="During"/>: ML.NET's own Load has no argument to hand them over.</summary>
    internal static FrozenModelFolders Current => Ambient.Value ?? new();

    /// <summary>Every folder to look in, the first given first.</summary>
    internal IEnumerable<string> Roots() =>
    [
        .. Folders,
        .. (Environment.GetEnvironmentVariable(Variable) ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries),
        ".",
        AppContext.BaseDirectory,
        .. above,
    ];

    // A path that the model had at training is below the directory of then, which is often one of these.
    private IReadOnlyList<string> above = [];

    /// <summary>The same, and the folder of a model file, and those above it.</summary>
    internal FrozenModelFolders Beside(string modelFile)
    {
        var folder = new FileInfo(modelFile).Directory!;
        List<string> parents = [];
        for (var parent = folder.Parent; parent is not null; parent = parent.Parent) parents.Add(parent.FullName);
        return this with { Folders = [.. Folders, folder.FullName], above = parents };
    }

    /// <summary>Bytes that an embedded model of so many in its file may unpack to.</summary>
    internal long MostUnpacked(long packed) => MostUnpackedBytes
        ?? (long.TryParse(Environment.GetEnvironmentVariable(LimitVariable), NumberStyles.None, CultureInfo.InvariantCulture, out long most) ? most
            : Math.Max(Least, Times * packed));

    /// <summary>Has these looked in by what <paramref name="load"/> loads on this thread, and by nothing else.</summary>
    internal T During<T>(Func<T> load)
    {
        var before = Ambient.Value;
        Ambient.Value = this;
        try
        {
            return load();
        }
        finally
        {
            Ambient.Value = before;
        }
    }
}
