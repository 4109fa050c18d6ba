namespace Mint.ML.Audio;

internal static class Bessel
{
    /// <summary>Modified Bessel function of the first kind, order 0, by its power series: every term is positive, so nothing cancels.</summary>
    public static double I0(double x)
    {
        double sum = 1, term = 1;
        for (int k = 1; term > sum * 1e-17; k++)
        {
            term *= x * x / (4.0 * k * k);
            sum += term;
        }

        return sum;
    }
}
