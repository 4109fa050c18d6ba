namespace NWaves.Signals;

public class DiscreteSignal
{
    public DiscreteSignal(int samplingRate, float[] samples, bool allocateNew = false)
    {
        CheckRate(samplingRate);
        SamplingRate = samplingRate;
        Samples = allocateNew ? [.. samples] : samples;
    }

    public DiscreteSignal(int samplingRate, int length, float value = 0f)
    {
        CheckRate(samplingRate);
        SamplingRate = samplingRate;
        Samples = new float[length];
        Array.Fill(Samples, value);
    }

    public int SamplingRate { get; }

    public float[] Samples { get; }

    public int Length => Samples.Length;

    public double Duration => (double)Samples.Length / SamplingRate;

    public float this[int index]
    {
        get => Samples[index];
        set => Samples[index] = value;
    }

    static void CheckRate(int samplingRate)
    {
        if (samplingRate <= 0)
        {
            throw new ArgumentException("Sampling rate must be positive!");
        }
    }
}
