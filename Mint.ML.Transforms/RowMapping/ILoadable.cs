using Microsoft.ML.Runtime;
using Mint.ML.ModelFiles;

namespace Mint.ML.Transforms.RowMapping;

/// <summary>A transformer that can be read back from a model file; register it with an assembly attribute in Interop.cs.</summary>
internal interface ILoadable<TSelf> where TSelf : RowMapTransformer, ILoadable<TSelf>
{
    /// <summary>Makes the transformer from what <see cref="RowMapTransformer.Write"/> wrote.</summary>
    static abstract TSelf Read(IHostEnvironment environment, ModelReader reader);
}
