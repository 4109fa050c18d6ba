using Microsoft.ML.Runtime;

namespace Microsoft.ML;

/// <summary>The transforms; extension methods add them here.</summary>
public sealed class TransformsCatalog : IInternalCatalog
{
    private readonly IHostEnvironment _env;
    IHostEnvironment IInternalCatalog.Environment => _env;

    internal TransformsCatalog(IHostEnvironment env)
    {
        _env = env;
        Conversion = new ConversionTransforms(this);
        Text = new TextTransforms(this);
    }

    public ConversionTransforms Conversion { get; }
    public TextTransforms Text { get; }

    public sealed class ConversionTransforms : IInternalCatalog
    {
        private readonly TransformsCatalog _owner;
        IHostEnvironment IInternalCatalog.Environment => _owner._env;
        internal ConversionTransforms(TransformsCatalog owner) => _owner = owner;
    }

    public sealed class TextTransforms : IInternalCatalog
    {
        private readonly TransformsCatalog _owner;
        IHostEnvironment IInternalCatalog.Environment => _owner._env;
        internal TextTransforms(TransformsCatalog owner) => _owner = owner;
    }
}

internal static class CatalogEnvironment
{
    internal static IHostEnvironment GetEnvironment(this IInternalCatalog catalog) => catalog.Environment;
}
