using System.IO.Compression;
using System.Text;
using Microsoft.ML;
using Mint.ML.ModelFiles;
using Mint.ML.Systems;

namespace Mint.ML.Transforms.Tests.Pipeline;

/// <summary>Model files that somebody made to open, fill or leave what is not theirs.</summary>
[TestClass]
public sealed class StrangersModelTests
{
    private const string Hash = "0000000000000000000000000000000000000000000000000000000000000000";

    private readonly string folder = Directory.CreateTempSubdirectory("mint-stranger-").FullName;

    private static EightClips Clips => EightClips.Shared;

    private static readonly Lazy<string> Named = new(() => Saved(Clips.Model, "named.zip"));

    private static readonly Lazy<string> Embedded = new(() => Saved(Clips.Pipeline(new MLContext(seed: 1), embed: true).Fit(Clips.Data),
        "stranger-embedded.zip"));

    [TestCleanup]
    public void Delete() => Directory.Delete(folder, recursive: true);

    [TestMethod]
    [DataRow("/dev/zero")]
    [DataRow("../../../../etc/shadow")]
    [DataRow("..\\secret.txt")]
    [DataRow("inner/../../secret.txt")]
    [DataRow("inner//config.json")]
    [DataRow("C:secret.txt")]
    [DataRow("nul.json")]
    [DataRow("..")]
    [DataRow("")]
    public void A_file_of_a_frozen_model_is_a_name_in_its_folder(string name) =>
        Refused(Crafted("Encoder", writer => Frozen(writer, "encoder", name)), $"names '{name}' as a file of the frozen model 'encoder'");

    [TestMethod]
    [DataRow("ABSOLUTE")]
    [DataRow("../encoder")]
    [DataRow("models/../../encoder")]
    [DataRow("//server/share")]
    [DataRow("\\\\server\\share")]
    [DataRow("C:/models/encoder")]
    [DataRow("")]
    public void A_frozen_model_is_looked_for_below_the_known_folders_alone(string reference)
    {
        reference = reference == "ABSOLUTE" ? Clips.Encoder : reference; // it is there, and still not opened
        Refused(Crafted("Encoder", writer => Frozen(writer, reference)), $"a frozen model '{reference}', which is no folder below another");
    }

    [TestMethod]
    [DataRow("../slipped")]
    [DataRow("/slipped")]
    [DataRow("a\0b")]
    [DataRow(".lock")]
    [DataRow("config.json")]
    public void A_file_that_is_unpacked_stays_in_its_folder_and_replaces_none(string name)
    {
        string temporary = Directory.CreateDirectory(Path.Combine(folder, "temporary")).FullName;
        string file = Crafted("EncoderFiles", writer => Packed(writer, "config.json", name), Embedded.Value);
        var ml = new MLContext { TempFilePath = temporary };
        Assert.Contains("names a file", Inner.Throws<FormatException>(() => ml.Model.Load(file, out _)).Message);
        Assert.Contains($"{file} is not a model file", Assert.ThrowsExactly<InvalidDataException>(() => AudioLanguageModel.Load(file)).Message);
        Assert.IsFalse(File.Exists(Path.Combine(folder, "slipped")) || File.Exists("/slipped"));
        Assert.IsEmpty(Directory.GetFileSystemEntries(temporary, "mint-*"));
    }

    [TestMethod]
    public void A_count_without_end_is_refused()
    {
        Refused(Crafted("Encoder", writer =>
        {
            writer.Write(false);
            writer.Write("encoder");
            writer.Write(int.MaxValue);
        }), "2147483647 files");
        string options = Crafted("MintAudioFeaturizer.json", writer => writer.Write(new byte[20 << 20]));
        Assert.Contains("20,971,520 bytes", Inner.Throws<FormatException>(() => new MLContext().Model.Load(options, out _)).Message);
    }

    [TestMethod]
    public void A_small_file_that_would_fill_the_disk_is_refused_before_anything_is_written_and_says_what_allows_it()
    {
        string file = Crafted("EncoderFiles", writer => writer.Write(new byte[70 << 20]), Embedded.Value);
        Assert.IsLessThan(3_000_000, new FileInfo(file).Length);
        long before = Written(); // ML.NET copies a stream to the disk before it hands it over
        IOException[] errors = [Inner.Throws<IOException>(() => new MLContext().Model.Load(file, out _)), Assert.ThrowsExactly<IOException>(() =>
            AudioLanguageModel.Load(file))];
        Assert.IsLessThan(10_000_000, Written() - before);
        foreach (var error in errors)
        {
            Assert.Contains("unpacks to 73,400,320, beyond the limit of 67,108,864", error.Message);
            Assert.Contains("MINT_UNPACK_LIMIT", error.Message);
            Assert.Contains("MostUnpackedBytes", error.Message);
        }
        Assert.Contains(file, Assert.ThrowsExactly<IOException>(() => AudioLanguageModel.Load(file)).Message);

        // Allowed, it is unpacked, and what it holds is no model.
        Assert.ThrowsExactly<InvalidDataException>(() => AudioLanguageModel.Load(file, folders: new FrozenModelFolders { MostUnpackedBytes = 80 << 20 }));
        Assert.Contains("beyond the limit of 10", Assert.ThrowsExactly<IOException>(() => AudioLanguageModel.Load(Embedded.Value,
            folders: new FrozenModelFolders { MostUnpackedBytes = 10 })).Message);
        Environment.SetEnvironmentVariable(FrozenModelFolders.LimitVariable, "10");
        try
        {
            Assert.Contains("beyond the limit of 10", Inner.Throws<IOException>(() => new MLContext().Model.Load(Embedded.Value, out _)).Message);
        }
        finally
        {
            Environment.SetEnvironmentVariable(FrozenModelFolders.LimitVariable, null);
        }
    }

    [TestMethod]
    public void What_is_unpacked_goes_to_the_contexts_temporary_folder_and_is_gone_once_it_is_loaded()
    {
        string temporary = Directory.CreateDirectory(Path.Combine(folder, "temporary")).FullName;
        List<string> made = [];
        using (var watcher = new FileSystemWatcher(temporary, "mint-*"))
        {
            watcher.Created += (_, file) => made.Add(file.Name!);
            watcher.EnableRaisingEvents = true;
            var ml = new MLContext(seed: 1) { TempFilePath = temporary };
            var model = ml.Model.Load(Embedded.Value, out _);
            // The process may be killed from here on: nothing is left where files can do without a name.
            if (!OperatingSystem.IsWindows()) Assert.IsEmpty(Directory.GetDirectories(temporary, "mint-*"));
            ml.Model.Save(model, Clips.Data.Schema, Path.Combine(folder, "again.zip"));
            CollectionAssert.AreEqual(EightClips.Answers(Clips.Ml, Clips.Model, Clips.Data).Select(answer => answer.ToString()).ToArray(),
                EightClips.Answers(ml, new MLContext().Model.Load(Path.Combine(folder, "again.zip"), out _), Clips.Data).Select(answer => answer.ToString())
                    .ToArray());
            SpinWait.SpinUntil(() => made.Count >= 4, TimeSpan.FromSeconds(10));
        }
        Assert.IsGreaterThanOrEqualTo(4, made.Count, string.Join(", ", made)); // encoder, language model, bridge, projection, vocabularies; loaded, then saved
    }

    [TestMethod]
    public void A_pipe_among_a_models_files_is_none_of_them()
    {
        if (OperatingSystem.IsWindows()) Assert.Inconclusive("Windows has no pipes in folders.");
        string copy = Directory.CreateDirectory(Path.Combine(folder, "encoder")).FullName;
        foreach (string path in Directory.GetFiles(Clips.Encoder).Where(path => !path.EndsWith("config.json")))
        {
            File.Copy(path, Path.Combine(copy,
            Path.GetFileName(path)));
        }

        System.Diagnostics.Process.Start("mkfifo", Path.Combine(copy, "config.json"))!.WaitForExit();
        CollectionAssert.DoesNotContain(Checkpoints.ModelFolder.Names(copy).ToArray(), "config.json");
        string file = Path.Combine(folder, "beside.zip");
        File.Copy(Named.Value, file);
        Assert.Contains($"{Path.Combine(copy, "config.json")} is missing", Assert.ThrowsExactly<InvalidOperationException>(() =>
            AudioLanguageModel.Load(file)).Message);
    }

    /// <summary>Through ML.NET and without it; there the file is named, too.</summary>
    private static void Refused(string file, string reason)
    {
        Assert.Contains(reason, Inner.Throws<FormatException>(() => new MLContext().Model.Load(file, out _)).Message);
        string message = Assert.ThrowsExactly<InvalidDataException>(() => AudioLanguageModel.Load(file)).Message;
        Assert.Contains(reason, message);
        Assert.Contains(file, message);
    }

    /// <summary>Bytes that this process has written, as Linux counts them.</summary>
    private static long Written() => !File.Exists("/proc/self/io") ? 0
        : File.ReadLines("/proc/self/io").Where(line => line.StartsWith("wchar: ", StringComparison.Ordinal)).Select(line => long.Parse(line[7..])).Single();

    private static string Saved(ITransformer model, string name)
    {
        string path = Path.Combine(Clips.Folder, name);
        Clips.Ml.Model.Save(model, Clips.Data.Schema, path);
        return path;
    }

    /// <summary>A copy of a model file with another content of the encoder's streams of a name.</summary>
    private string Crafted(string stream, Action<BinaryWriter> write, string? from = null)
    {
        string path = Path.Combine(folder, "crafted.zip");
        File.Copy(from ?? Named.Value, path, overwrite: true);
        using var zip = ZipFile.Open(path, ZipArchiveMode.Update);
        var old = zip.Entries.Single(entry => Path.GetFileName(entry.FullName.Replace('\\', '/')) == stream);
        string name = old.FullName;
        old.Delete();
        using var writer = new BinaryWriter(zip.CreateEntry(name).Open());
        write(writer);
        return path;
    }

    private static void Frozen(BinaryWriter writer, string reference, params string[] files)
    {
        writer.Write(false);
        writer.Write(reference);
        writer.Write(files.Length);
        foreach (string file in files)
        {
            writer.Write(file);
            writer.Write(Hash);
        }
    }

    private static void Packed(BinaryWriter writer, params string[] files)
    {
        writer.Write(files.Length);
        foreach (string file in files)
        {
            writer.Write(file);
            writer.Write(3L);
            writer.Write(Encoding.ASCII.GetBytes("abc"));
        }
    }
}
