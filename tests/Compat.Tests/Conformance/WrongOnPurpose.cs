// What the conformance check must notice, for the test of the check itself.
namespace Compat.Tests.Conformance.Wrong;

public static class Window
{
    public static double[] WrongType(int length) => [length];
    public static float[] WrongDefault(int length, double beta = 13) => [length, (float)beta];
    public static float[] WrongName(int size) => [size];
    public static int WrongAccessor { get; set; }
    public static int Extra => 0;
    public static T Right<T>(int length, (int low, int high)? range = null, DayOfWeek day = DayOfWeek.Monday) where T : class, new() => new();
}

public static class Invented;
