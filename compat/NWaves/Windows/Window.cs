namespace NWaves.Windows;

// Symmetric windows, computed in double and rounded once.
public static class Window
{
    public static float[] OfType(WindowType type, int length, params object[] parameters) => type switch
    {
        WindowType.Triangular => Triangular(length),
        WindowType.Hamming => Hamming(length),
        WindowType.Blackman => Blackman(length),
        WindowType.Hann => Hann(length),
        WindowType.Kaiser => parameters.Length > 0 ? Kaiser(length, (double)parameters[0]) : Kaiser(length),
        _ => Rectangular(length),
    };

    public static float[] Rectangular(int length) => Of(length, _ => 1);

    public static float[] Triangular(int length) => Of(length, i => 1 - 2 * Math.Abs(i - (length - 1) / 2.0) / length);

    public static float[] Hamming(int length) => Of(length, i => 0.54 - 0.46 * Math.Cos(i * 2 * Math.PI / (length - 1)));

    public static float[] Hann(int length) => Of(length, i => 0.5 * (1 - Math.Cos(i * 2 * Math.PI / (length - 1))));

    public static float[] Blackman(int length)
    {
        double n = 2 * Math.PI / (length - 1);
        return Of(length, i => 0.42 - 0.5 * Math.Cos(i * n) + 0.08 * Math.Cos(2 * i * n));
    }

    public static float[] Kaiser(int length, double alpha = 12)
    {
        double n = 2.0 / (length - 1);
        // Rounding can push the last argument below zero by an ulp.
        return Of(length, i => BesselI0(alpha * Math.Sqrt(Math.Max(0, 1 - (i * n - 1) * (i * n - 1)))) / BesselI0(alpha));
    }

    // Modified Bessel function of the first kind, order 0, by its power series: every term is positive, so nothing cancels.
    static double BesselI0(double x)
    {
        double sum = 1, term = 1;
        for (int k = 1; term > sum * 1e-17; k++)
        {
            term *= x * x / (4.0 * k * k);
            sum += term;
        }

        return sum;
    }

    static float[] Of(int length, Func<int, double> value)
    {
        var window = new float[length];
        for (int i = 0; i < length; i++)
        {
            window[i] = (float)value(i);
        }

        return window;
    }
}
