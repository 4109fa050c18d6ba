namespace NWaves.Audio;

public struct WaveFormat
{
    public short AudioFormat;
    public short ChannelCount;
    public int SamplingRate;
    public int ByteRate;
    public short Align;
    public short BitsPerSample;
}
