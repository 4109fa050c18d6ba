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
[assembly: LoadableClass(typeof(ITransformer), typeof(Loader<SequenceAnsweringTransformer>), null, typeof(SignatureLoadModel), "Sequence answerer",
    SequenceAnsweringTransformer.Signature)]
[assembly: LoadableClass(typeof(ITransformer), typeof(Loader<CaptionGeneratingTransformer>), null, typeof(SignatureLoadModel), "Caption generator",
    CaptionGeneratingTransformer.Signature)]
[assembly: LoadableClass(typeof(ITransformer), typeof(Loader<RankedClassificationTransformer>), null, typeof(SignatureLoadModel), "Ranked classifier",
    RankedClassificationTransformer.Signature)]
[assembly: LoadableClass(typeof(ITransformer), typeof(Loader<AudioEmbeddingTransformer>), null, typeof(SignatureLoadModel), "Audio embedder",
    AudioEmbeddingTransformer.Signature)]
[assembly: LoadableClass(typeof(ITransformer), typeof(Loader<TextEmbeddingTransformer>), null, typeof(SignatureLoadModel), "Text embedder",
    TextEmbeddingTransformer.Signature)]
[assembly: LoadableClass(typeof(ITransformer), typeof(Loader<AudioRetrievalTransformer>), null, typeof(SignatureLoadModel), "Audio retriever",
    AudioRetrievalTransformer.Signature)]
[assembly: LoadableClass(typeof(ITransformer), typeof(Loader<AudioWindowingTransformer>), null, typeof(SignatureLoadModel), "Audio windower",
    AudioWindowingTransformer.Signature)]
[assembly: LoadableClass(typeof(IDataLoader<IMultiStreamSource>), typeof(DataLoader<AudioManifestLoader>), null, typeof(SignatureLoadModel), "Audio manifest",
    AudioManifestLoader.Signature)]

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
        public static IHostEnvironment Environment(this TransformsCatalog catalog) => EnvironmentOf(catalog);

        /// <summary>The environment of the context that a catalog belongs to.</summary>
        public static IHostEnvironment Environment(this DataOperationsCatalog catalog) => EnvironmentOf(catalog);

        private static IHostEnvironment EnvironmentOf(IInternalCatalog catalog) => (catalog ?? throw new ArgumentNullException(nameof(catalog))).Environment;

        /// <summary>The device settings of the context: its GPU, if it names one, and whether the CPU may stand in for it.</summary>
        public static (int? GpuDeviceId, bool FallbackToCpu) DeviceSettings(this IHostEnvironment environment) =>
            environment is IHostEnvironmentInternal settings ? (settings.GpuDeviceId, settings.FallbackToCpu) : (null, false);

        /// <summary>The context's folder for temporary files; null for the system's own.</summary>
        public static string? TemporaryFolder(this IHostEnvironment environment) => (environment as IHostEnvironmentInternal)?.TempFilePath;

        /// <summary>A table in memory whose columns are known at run time alone, as data.</summary>
        internal sealed class TableBuilder(IHostEnvironment environment)
        {
            private readonly ArrayDataViewBuilder builder = new(environment);

            /// <summary>Adds a column of numbers or of true and false.</summary>
            public void Add<T>(string name, PrimitiveDataViewType type, IEnumerable<T> values) where T : struct =>
                builder.AddColumn(name, type, values.ToArray());

            /// <summary>Adds a column of text.</summary>
            public void Add(string name, PrimitiveDataViewType type, IEnumerable<string> values) =>
                builder.AddColumn(name, type, values.Select(value => value.AsMemory()).ToArray());

            public IDataView Build() => builder.GetDataView();
        }

        /// <summary>Name of the annotation that tells which predicted label and scores belong together, as ML.NET's evaluators look for them.</summary>
        public const string ScoreSetId = AnnotationUtils.Kinds.ScoreColumnSetId;

        /// <summary>Its type.</summary>
        public static KeyDataViewType ScoreSetIdType => AnnotationUtils.ScoreColumnSetIdType;

        /// <summary>A number that no set of a schema has.</summary>
        public static uint NextScoreSet(DataViewSchema schema) => AnnotationUtils.GetMaxAnnotationKind(schema, out _, ScoreSetId) + 1;

        /// <summary>A token that follows <c>MLContext.CancelExecution</c>, which ML.NET only lets ask for, at twenty times a second while it lives.</summary>
        public static ContextCancellation Cancellation(this IHost host) => new(host);

        internal readonly struct ContextCancellation : IDisposable
        {
            private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
            private readonly CancellationTokenSource source = new();
            private readonly Timer timer;

            public ContextCancellation(IHost host)
            {
                var cancel = source;
                timer = new Timer(_ =>
                {
                    if (host is ICancelable { IsCanceled: true }) cancel.Cancel();
                }, null, Pause, Pause);
            }

            public CancellationToken Token => source.Token;

            public void Dispose() => timer.Dispose(); // not the source: the timer's last call may be on its way
        }

        /// <summary>Writes a step's streams into its place in a model file.</summary>
        public static void Save(ModelSaveContext context, IHostEnvironment environment, ICanSaveModel step, string loaderSignature, Action<ModelWriter> write)
        {
            context.CheckAtModel();
            context.SetVersionInfo(Version(step.GetType().Assembly.FullName!, loaderSignature));
            write(new ZipModelWriter(context, environment.TemporaryFolder()));
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

    /// <summary>What ML.NET calls to load a transformer; named in the assembly attributes above. ML.NET wants the very type that it asks for.</summary>
    internal static class Loader<TTransformer> where TTransformer : ITransformer, ILoadable<TTransformer>
    {
        private static ITransformer Create(IHostEnvironment environment, ModelLoadContext context) => Loading.Read<TTransformer>(environment, context);
    }

    /// <summary>The same for a loader of data.</summary>
    internal static class DataLoader<TLoader> where TLoader : IDataLoader<IMultiStreamSource>, ILoadable<TLoader>
    {
        private static IDataLoader<IMultiStreamSource> Create(IHostEnvironment environment, ModelLoadContext context) =>
            Loading.Read<TLoader>(environment, context);
    }

    internal static class Loading
    {
        public static T Read<T>(IHostEnvironment environment, ModelLoadContext context) where T : ICanSaveModel, ILoadable<T>
        {
            if (context.Header.ModelVerWritten < ModelFormat.Current) throw new FormatException($"This model file cannot be read: {ModelFormat.TooOld}.");
            context.CheckAtModel(Interop.Version(typeof(T).Assembly.FullName!, null));
            try
            {
                return T.Read(environment, new Interop.ZipModelReader(context, environment.TemporaryFolder()));
            }
            catch (Exception error)
            {
                // ML.NET loads by reflection, whose exception says nothing of the reason: the log does, whoever asked for the model.
                using var channel = environment.Start("Load");
                channel.Error(MessageSensitivity.None, "{0}", error.Cause().Message);
                throw;
            }
        }
    }
}
