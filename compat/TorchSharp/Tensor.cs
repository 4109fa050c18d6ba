using System.Runtime.CompilerServices;
using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>A reference to a tensor of libtorch. What follows is its life; the operators are in the files beside this one.</summary>
    public partial class Tensor : IDisposable
    {
        private TensorHandle handle;

        internal DisposeScope OwningDisposeScope { get; set; }

        /// <summary>Takes over one reference.</summary>
        internal Tensor(nint pointer, long ownedBytes = 0)
        {
            handle = TensorHandle.Take(pointer, ownedBytes);
            LifetimeCounters.Created();
            var thread = PerThread.Current;
            if (thread.scope is { } scope) scope.Register(this);
            else thread.statistics.Tensors.CreatedOutsideScopeCount++;
        }

        /// <summary>The TensorImpl; an error once disposed.</summary>
        internal nint Pointer => handle is { pointer: not 0 } h ? h.pointer : throw Disposed();

        public IntPtr Handle => Pointer;

        public bool IsInvalid => handle is not { pointer: not 0 };

        [MethodImpl(MethodImplOptions.NoInlining)]
        private static InvalidOperationException Disposed() =>
            new("Tensor invalid: it was disposed, by Dispose() or by the dispose scope it was created in (MoveToOuterDisposeScope keeps a tensor past its scope).");

        public void Dispose()
        {
            Dispose(true);
        }

        protected virtual void Dispose(bool disposing)
        {
            var released = Interlocked.Exchange(ref handle, null);
            if (released == null) return;
            if (OwningDisposeScope is { } scope) scope.MarkAsDisposed(this);
            else PerThread.Current.statistics.Tensors.DisposedOutsideScopeCount++;
            LifetimeCounters.Disposed();
            released.Release();
        }

        /// <summary>Hands the reference to the caller and leaves this tensor invalid.</summary>
        public IntPtr DecoupleFromNativeHandle()
        {
            var released = Interlocked.Exchange(ref handle, null) ?? throw Disposed();
            OwningDisposeScope?.Detach(this);
            LifetimeCounters.Disposed();
            return released.Decouple();
        }

        public static Tensor UnsafeCreateTensor(IntPtr handle) => new(handle);

        public static long TotalCount => LifetimeCounters.Total;

        public static long PeakCount => LifetimeCounters.Peak;

        public Tensor MoveToOuterDisposeScope()
        {
            OwningDisposeScope?.MoveToOuter(this);
            return this;
        }

        public Tensor MoveToOtherDisposeScope(DisposeScope other)
        {
            if (OwningDisposeScope is { } scope) scope.MoveToOther(other, this);
            else other?.Attach(this);
            return this;
        }

        public Tensor MoveToOtherDisposeScope(Tensor other) => MoveToOtherDisposeScope(other.OwningDisposeScope);

        public Tensor DetachFromDisposeScope()
        {
            OwningDisposeScope?.Detach(this);
            return this;
        }

        public bool Equals(Tensor target) => target is not null && _equal.Invoke(this, target).Bool;
        private static readonly Op _equal = "equal";

        public override bool Equals(object obj) => obj is Tensor other && Equals(other);

        /// <summary>By identity: two tensors of equal values hash differently, as in TorchSharp.</summary>
        public override int GetHashCode() => RuntimeHelpers.GetHashCode(this);
    }
}
