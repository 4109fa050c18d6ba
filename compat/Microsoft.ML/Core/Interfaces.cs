using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Data
{
    /// <summary>Maps rows one by one, without a data view around them.</summary>
    public interface IRowToRowMapper
    {
        DataViewSchema InputSchema { get; }
        DataViewSchema OutputSchema { get; }
        IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns);
        DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns);
    }

    public interface IMultiStreamSource
    {
        int Count { get; }
        string GetPathOrNull(int index);
        Stream Open(int index);
        TextReader OpenTextReader(int index);
    }

    public enum DataKind : byte
    {
        SByte = 1, Byte = 2, Int16 = 3, UInt16 = 4, Int32 = 5, UInt32 = 6, Int64 = 7, UInt64 = 8,
        Single = 9, Double = 10, String = 11, Boolean = 12, TimeSpan = 13, DateTime = 14, DateTimeOffset = 15,
    }

    [Flags]
    public enum TransformerScope
    {
        None = 0,
        Training = 1,
        Testing = 2,
        Scoring = 4,
        TrainTest = Training | Testing,
        Everything = Training | Testing | Scoring,
    }
}

namespace Microsoft.ML.Runtime
{
    /// <summary>How an extension reaches the environment of the context it was called on.</summary>
    internal interface IInternalCatalog
    {
        IHostEnvironment Environment { get; }
    }
}

namespace Microsoft.ML
{
    public interface ICanSaveModel
    {
        void Save(ModelSaveContext ctx);
    }

    public interface IDataLoader<in TSource> : ICanSaveModel
    {
        IDataView Load(TSource input);
        DataViewSchema GetOutputSchema();
    }

    public interface ITransformer : ICanSaveModel
    {
        DataViewSchema GetOutputSchema(DataViewSchema inputSchema);
        IDataView Transform(IDataView input);
        bool IsRowToRowMapper { get; }
        IRowToRowMapper GetRowToRowMapper(DataViewSchema inputSchema);
    }

    public interface IEstimator<out TTransformer> where TTransformer : ITransformer
    {
        TTransformer Fit(IDataView input);
        SchemaShape GetOutputSchema(SchemaShape inputSchema);
    }

    public interface IPredictionTransformer<out TModel> : ITransformer where TModel : class
    {
        TModel Model { get; }
    }

    public interface ISingleFeaturePredictionTransformer<out TModel> : IPredictionTransformer<TModel> where TModel : class
    {
        string FeatureColumnName { get; }
        DataViewType FeatureColumnType { get; }
    }

    public sealed class TrainerInfo
    {
        internal TrainerInfo(bool normalization, bool caching) => (NeedNormalization, WantCaching) = (normalization, caching);
        public bool NeedNormalization { get; }
        public bool WantCaching { get; }
    }

    public sealed class InputOutputColumnPair
    {
        public string InputColumnName { get; }
        public string OutputColumnName { get; }

        public InputOutputColumnPair(string outputColumnName, string inputColumnName = null)
        {
            ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
            (OutputColumnName, InputColumnName) = (outputColumnName, inputColumnName ?? outputColumnName);
        }
    }
}
