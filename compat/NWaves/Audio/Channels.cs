namespace NWaves.Audio;

public enum Channels
{
    Left = 0,
    Right = 1,
    Sum = 253,
    Average = 254,
    Interleave = 255,
}
