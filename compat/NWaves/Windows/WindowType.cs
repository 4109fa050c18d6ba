namespace NWaves.Windows;

// A subset: the real enumeration goes on to twelve.
public enum WindowType
{
    Rectangular = 0,
    Triangular = 1,
    Hamming = 2,
    Blackman = 3,
    Hann = 4,
    Kaiser = 6,
}
