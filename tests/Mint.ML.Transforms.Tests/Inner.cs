namespace Mint.ML.Transforms.Tests;

/// <summary>What ML.NET wraps: <c>Model.Load</c> puts a loader's exception inside others.</summary>
internal static class Inner
{
    public static T Throws<T>(Action action) where T : Exception
    {
        var thrown = Assert.Throws<Exception>(action);
        Assert.AreEqual(typeof(T), thrown.Cause().GetType(), thrown.ToString());
        return (T)thrown.Cause();
    }
}
