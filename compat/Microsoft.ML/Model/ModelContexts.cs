using System.IO.Compression;
using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>What a component writes about itself, so that a later version can tell whether it can read it.</summary>
internal readonly struct VersionInfo
{
    public readonly string ModelSignature;
    public readonly uint VerWrittenCur;
    public readonly uint VerReadableCur;
    public readonly uint VerWeCanReadBack;
    public readonly string LoaderAssemblyName;
    public readonly string LoaderSignature;

    public VersionInfo(string modelSignature, uint verWrittenCur, uint verReadableCur, uint verWeCanReadBack,
        string loaderAssemblyName, string loaderSignature = null, string loaderSignatureAlt = null)
    {
        if (modelSignature?.Length != 8 || !modelSignature.All(char.IsAscii))
            throw new ArgumentException("A model signature has eight ASCII characters", nameof(modelSignature));
        if (loaderSignature is not null && (loaderSignature.Length > 24 || !loaderSignature.All(char.IsAscii)))
            throw new ArgumentException("A loader signature has at most 24 ASCII characters", nameof(loaderSignature));
        (ModelSignature, VerWrittenCur, VerReadableCur, VerWeCanReadBack) = (modelSignature, verWrittenCur, verReadableCur, verWeCanReadBack);
        (LoaderAssemblyName, LoaderSignature) = (loaderAssemblyName, loaderSignature);
    }
}

/// <summary>One folder of the zip: Model.key holds the version and the component's own bytes, its streams and sub-models stand beside it.</summary>
public sealed class ModelSaveContext : IDisposable
{
    private readonly MemoryStream _body = new();
    private readonly ZipArchive _archive;
    private readonly string _folder;
    private VersionInfo? _version;

    /// <summary>The model file that every component of one save writes into.</summary>
    internal ZipArchive Repository => _archive;

    internal BinaryWriter Writer { get; }

    internal ModelSaveContext(ZipArchive archive, string folder)
    {
        (_archive, _folder) = (archive, folder);
        Writer = new BinaryWriter(_body);
    }

    internal void CheckAtModel()
    {
        if (_body.Position != 0 || _version is not null) throw new InvalidOperationException("The save context is not at the start of a model");
    }

    internal void SetVersionInfo(VersionInfo ver) => _version = ver;

    internal void SaveBinaryStream(string name, Action<BinaryWriter> action)
    {
        using var writer = new BinaryWriter(_archive.CreateEntry($"{_folder}/{name}").Open());
        action(writer);
    }

    internal void SaveSubModel(string name, ICanSaveModel model) => Save(_archive, $"{_folder}/{name}", model);

    internal static void Save(ZipArchive archive, string folder, ICanSaveModel model)
    {
        using var ctx = new ModelSaveContext(archive, folder);
        model.Save(ctx);
        ctx.Finish(model);
    }

    private void Finish(ICanSaveModel model)
    {
        if (_version is not VersionInfo version) throw new InvalidOperationException($"{model.GetType()} did not set its version info");
        using var writer = new BinaryWriter(_archive.CreateEntry($"{_folder}/Model.key").Open());
        writer.Write(version.ModelSignature);
        writer.Write(version.VerWrittenCur);
        writer.Write(version.VerReadableCur);
        writer.Write(version.LoaderSignature ?? "");
        writer.Write(version.LoaderAssemblyName ?? "");
        writer.Write((int)_body.Length);
        writer.Write(_body.GetBuffer(), 0, (int)_body.Length);
    }

    public void Dispose() => Writer.Dispose();
}

internal sealed class ModelLoadContext : IDisposable
{
    private readonly ZipArchive _archive;
    private readonly string _folder;
    private readonly string _modelSignature, _loaderSignature, _loaderAssembly;
    private readonly uint _written, _readable;

    internal BinaryReader Reader { get; }

    /// <summary>The model file that every component of one load reads from.</summary>
    internal ZipArchive Repository => _archive;

    private ModelLoadContext(ZipArchive archive, string folder)
    {
        (_archive, _folder) = (archive, folder);
        var entry = archive.GetEntry($"{folder}/Model.key") ?? throw new FormatException($"The model file has no '{folder}/Model.key'");
        using var reader = new BinaryReader(entry.Open());
        _modelSignature = reader.ReadString();
        _written = reader.ReadUInt32();
        _readable = reader.ReadUInt32();
        _loaderSignature = reader.ReadString();
        _loaderAssembly = reader.ReadString();
        int length = reader.ReadInt32();
        Reader = new BinaryReader(new MemoryStream(reader.ReadBytes(length)));
    }

    internal void CheckAtModel() { }

    internal void CheckAtModel(VersionInfo ver)
    {
        if (_modelSignature != ver.ModelSignature)
            throw new FormatException($"'{_folder}' holds a model of signature '{_modelSignature}', not '{ver.ModelSignature}'");
        if (_readable > ver.VerWrittenCur) throw new FormatException($"'{_folder}' was written by a newer version (0x{_written:x8}) than this one can read");
        if (_written < ver.VerWeCanReadBack) throw new FormatException($"'{_folder}' was written by a version (0x{_written:x8}) too old to read");
    }

    internal bool TryLoadBinaryStream(string name, Action<BinaryReader> action)
    {
        if (_archive.GetEntry($"{_folder}/{name}") is not { } entry) return false;
        using var reader = new BinaryReader(entry.Open());
        action(reader);
        return true;
    }

    internal TModel LoadSubModel<TModel>(IHostEnvironment env, string name) where TModel : class => Load<TModel>(env, _archive, $"{_folder}/{name}");

    internal static TModel Load<TModel>(IHostEnvironment env, ZipArchive archive, string folder) where TModel : class
    {
        using var ctx = new ModelLoadContext(archive, folder);
        if (ctx._loaderAssembly.Length > 0) env.ComponentCatalog.RegisterAssembly(System.Reflection.Assembly.Load(ctx._loaderAssembly));
        return env.ComponentCatalog.Create(env, ctx._loaderSignature, ctx) as TModel
            ?? throw new FormatException($"'{folder}' holds something other than a {typeof(TModel).Name}");
    }

    public void Dispose() => Reader.Dispose();
}
