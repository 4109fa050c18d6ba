using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Mint.ML.Audio;

/// <summary>A .NET stream as libsndfile's SF_VIRTUAL_IO, so that names and encodings of paths never reach the library.</summary>
internal sealed unsafe class VirtualFile : IDisposable
{
    /// <summary>SF_VIRTUAL_IO of sndfile.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Callbacks
    {
        public delegate* unmanaged[Cdecl]<nint, long> Length;
        public delegate* unmanaged[Cdecl]<long, int, nint, long> Seek;
        public delegate* unmanaged[Cdecl]<byte*, long, nint, long> Read;
        public delegate* unmanaged[Cdecl]<byte*, long, nint, long> Write;
        public delegate* unmanaged[Cdecl]<nint, long> Tell;
    }

    private readonly Stream stream;
    private readonly GCHandle handle;

    public VirtualFile(Stream stream)
    {
        this.stream = stream;
        this.stream.Position = 0;
        handle = GCHandle.Alloc(this);
        Table = (Callbacks*)NativeMemory.Alloc((nuint)sizeof(Callbacks));
        *Table = new Callbacks { Length = &GetLength, Seek = &Seek, Read = &Read, Write = &Write, Tell = &Tell };
    }

    public Callbacks* Table { get; }

    public nint UserData => GCHandle.ToIntPtr(handle);

    /// <summary>What the stream threw, if it did: no exception may cross native frames.</summary>
    public Exception? Failure { get; private set; }

    public void Dispose()
    {
        NativeMemory.Free(Table);
        handle.Free();
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static long GetLength(nint self) => With(self, f => f.stream.Length);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static long Tell(nint self) => With(self, f => f.stream.Position);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static long Seek(long offset, int whence, nint self) => With(self, f => f.stream.Seek(offset, (SeekOrigin)whence));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static long Read(byte* bytes, long count, nint self) =>
        With(self,
            f => f.stream.ReadAtLeast(new Span<byte>(bytes, (int)Math.Min(count, int.MaxValue)), (int)Math.Min(count, int.MaxValue),
            throwOnEndOfStream: false));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static long Write(byte* bytes, long count, nint self) => With(self, f =>
    {
        f.stream.Write(new ReadOnlySpan<byte>(bytes, checked((int)count)));
        return count;
    });

    private static long With(nint self, Func<VirtualFile, long> work)
    {
        var file = (VirtualFile)GCHandle.FromIntPtr(self).Target!;
        try
        {
            return work(file);
        }
        catch (Exception e)
        {
            file.Failure ??= e;
            return -1;
        }
    }
}
