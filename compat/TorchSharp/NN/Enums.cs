namespace TorchSharp
{
    public enum Padding { Valid = 0, Same = 1 }

    public static partial class torch
    {
        public enum InterpolationMode { Nearest = 0, Linear = 1, Bilinear = 2, Bicubic = 3, Trilinear = 4, Area = 5, NearestExact = 6 }

        public static partial class nn
        {
            public enum Reduction : long { None = 0, Mean = 1, Sum = 2 }
        }
    }
}
