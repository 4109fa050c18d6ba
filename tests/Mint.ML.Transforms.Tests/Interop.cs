using System.Runtime.CompilerServices;
using Microsoft.ML;
using Mint.ML.Transforms;
using Mint.ML.Transforms.Tests.RowMapping;

// The tests declare a transformer of their own, as a third party would.
[assembly: IgnoresAccessChecksTo("Microsoft.ML.Core")]
[assembly: IgnoresAccessChecksTo("Microsoft.ML.Data")]
[assembly: LoadableClass(typeof(ITransformer), typeof(Loader<ScaleTransformer>), null, typeof(SignatureLoadModel), "Scale, for tests",
    ScaleTransformer.Signature)]
