using System.IO.Compression;
using System.Runtime.CompilerServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Mint.ML.ModelFiles;
using Mint.ML.Transforms;
using Mint.ML.Transforms.RowMapping;

// With the real packages, the compiler sees opened copies of these two (eng/open-internals.targets) and the runtime honours this attribute.
[assembly: IgnoresAccessChecksTo("Microsoft.ML.Core")]
[assembly: IgnoresAccessChecksTo("Microsoft.ML.Data")]

// One line for each transformer that can stand in a model file; the last argument is its LoaderSignature (24 ASCII characters at most, never changed).
[assembly: LoadableClass(typeof(ITransformer), typeof(Loader<AudioLoadingTransformer>), null, typeof(SignatureLoadModel), "Audio loader",
    AudioLoadingTransformer.Signature)]
[assembly: LoadableClass(typeof(ITransformer), typeof(Loader<AudioFeaturizingTransformer>), null, typeof(SignatureLoadModel), "Audio featurizer",
    AudioFeaturizingTransformer.Signature)]
[assembly: LoadableClass(typeof(ITransformer), typeof(Loader<BridgeNetTransformer>), null, typeof(SignatureLoadModel), "Bridge-Net",
    BridgeNetTransformer.Signature)]
[assembly: LoadableClass(typeof(ITransformer), typeof(Loader<InstructionTunedTransformer>), null, typeof(SignatureLoadModel), "Instruction-tuned model",
    InstructionTunedTransformer.Signature)]
[assembly: LoadableClass(typeof(ITransformer), typeof(Loader<CaptionGeneratingTransformer>), null, typeof(SignatureLoadModel), "Caption generator",
    CaptionGeneratingTransformer.Signature)]
[assembly: LoadableClass(typeof(ITransformer), typeof(Loader<RankedClassificationTransformer>), null, typeof(SignatureLoadModel), "Ranked classifier",
    RankedClassificationTransformer.Signature)]

namespace System.Runtime.CompilerServices
{
    [AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
    internal sealed class IgnoresAccessChecksToAttribute(string assemblyName) : Attribute
    {
        public string AssemblyName { get; } = assemblyName;
    }
}

namespace Mint.ML.Transforms
{
    /// <summary>
    /// Every internal of ML.NET that Mint.ML touches. They have not changed from ML.NET 1.0 to the 6.0 preview; keep all uses in this file,
    /// so that a change there is a change here only.
    /// </summary>
    internal static class Interop
    {
        /// <summary>A column of an estimator's output shape.</summary>
        /// <param name="name">The column's name.</param>
        /// <param name="itemType">The type of the column, or of a vector's items; for a key, the number that stores it.</param>
        /// <param name="kind">Scalar, vector of known size, or vector of a size that differs by row.</param>
        /// <param name="isKey">Whether the items are keys.</param>
        /// <param name="annotations">Annotations that will be there, as a shape.</param>
        public static SchemaShape.Column ShapeColumn(string name, DataViewType itemType,
            SchemaShape.Column.VectorKind kind = SchemaShape.Column.VectorKind.Scalar, bool isKey = false, SchemaShape? annotations = null) =>
            new(name, kind, itemType, isKey, annotations);

        /// <summary>The environment of the context that a catalog belongs to.</summary>
        public static IHostEnvironment Environment(this TransformsCatalog catalog) => ((IInternalCatalog)catalog).Environment;

        /// <summary>The environment of the context that a catalog belongs to.</summary>
        public static IHostEnvironment Environment(this DataOperationsCatalog catalog) => ((IInternalCatalog)catalog).Environment;

        /// <summary>The device settings of the context: its GPU, if it names one, and whether the CPU may stand in for it.</summary>
        public static (int? GpuDeviceId, bool FallbackToCpu) DeviceSettings(this IHostEnvironment environment) =>
            environment is IHostEnvironmentInternal settings ? (settings.GpuDeviceId, settings.FallbackToCpu) : (null, false);

        /// <summary>The context's folder for temporary files; null for the system's own.</summary>
        public static string? TemporaryFolder(this IHostEnvironment environment) => (environment as IHostEnvironmentInternal)?.TempFilePath;

        /// <summary>Writes a transformer's streams into its place in a model file.</summary>
        public static void Save(ModelSaveContext context, RowMapTransformer transformer, string loaderSignature, Action<ModelWriter> write)
        {
            context.CheckAtModel();
            context.SetVersionInfo(Version(transformer.GetType().Assembly.FullName!, loaderSignature));
            write(new ZipModelWriter(context, transformer.TemporaryFolder));
        }

        internal static VersionInfo Version(string assemblyName, string? loaderSignature) =>
            new("MINTMODL", verWrittenCur: ModelFormat.Current, verReadableCur: ModelFormat.Current, verWeCanReadBack: ModelFormat.Current, assemblyName,
                loaderSignature);

        // A model file is one repository for all of its steps, and so the place to remember what has been written into it or read from it.
        private static readonly ConditionalWeakTable<object, Dictionary<object, int>> WrittenInto = new();
        private static readonly ConditionalWeakTable<object, Dictionary<int, object>> LoadedFrom = new();

        private sealed class ZipModelWriter(ModelSaveContext context, string? temporary) : ModelWriter
        {
            public override string? Temporary => temporary;

            private protected override IDictionary<object, int> Written { get; } =
                WrittenInto.GetValue(context.Repository, _ => new(ReferenceEqualityComparer.Instance));

            public override void Stream(string name, Action<BinaryWriter> write) => context.SaveBinaryStream(name, write);
        }

        internal sealed class ZipModelReader(ModelLoadContext context, string? temporary) : ModelReader
        {
            public override string? Temporary => temporary;

            public override FrozenModelFolders Folders => FrozenModelFolders.Current;

            private protected override IDictionary<int, object> Loaded { get; } = LoadedFrom.GetValue(context.Repository, _ => []);

            public override bool TryStream(string name, Action<BinaryReader> read) => context.TryLoadBinaryStream(name, read);

            // ML.NET copies a stream to the disk before it hands it over, so that its size has to be known before.
            private protected override (long Packed, long Unpacked)? Size(string name)
            {
                string wanted = Path.Combine(context.Directory ?? "", name).Replace('\\', '/');
                var entry = Archive(context.Repository).Entries.FirstOrDefault(entry => entry.FullName.Replace('\\', '/') == wanted);
                return entry is null ? null : (entry.CompressedLength, entry.Length);
            }

            [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_archive")]
            private static extern ref ZipArchive Archive(RepositoryReader repository);
        }
    }

    /// <summary>What ML.NET calls to load a transformer; named in the assembly attributes above.</summary>
    internal static class Loader<TTransformer> where TTransformer : RowMapTransformer, ILoadable<TTransformer>
    {
        private static ITransformer Create(IHostEnvironment environment, ModelLoadContext context)
        {
            if (context.Header.ModelVerWritten < ModelFormat.Current) throw new FormatException($"This model file cannot be read: {ModelFormat.TooOld}.");
            context.CheckAtModel(Interop.Version(typeof(TTransformer).Assembly.FullName!, null));
            return TTransformer.Read(environment, new Interop.ZipModelReader(context, environment.TemporaryFolder()));
        }
    }
}
