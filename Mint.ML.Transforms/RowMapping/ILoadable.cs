using Microsoft.ML;
using Microsoft.ML.Runtime;
using Mint.ML.ModelFiles;

namespace Mint.ML.Transforms.RowMapping;

/// <summary>A transformer, or a loader of data, that can be read back from a model file; register it with an assembly attribute in Interop.cs.</summary>
internal interface ILoadable<TSelf> where TSelf : ICanSaveModel, ILoadable<TSelf>
{
    /// <summary>Makes it from what it wrote.</summary>
    static abstract TSelf Read(IHostEnvironment environment, ModelReader reader);
}
