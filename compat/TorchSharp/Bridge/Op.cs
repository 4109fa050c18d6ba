using System.Text;
using static TorchSharp.torch;

namespace TorchSharp.Native;

/// <summary>What a call gave back, as bridge.cpp describes it; the caller knows from the operator which of the forms it is.</summary>
internal readonly struct Result
{
#pragma warning disable CS0649 // both are written by mint_call
    private readonly nint pointer;
    private readonly long info;
#pragma warning restore CS0649

    internal bool Failed => pointer == -1;

    internal Tensor Tensor => pointer == 0 ? null : new Tensor(pointer, info);

    internal bool Bool => info != 0;

    internal long Int => info;

    internal unsafe Tensor[] Tensors
    {
        get
        {
            var tensors = new Tensor[info];
            for (int i = 0; i < tensors.Length; i++)
            {
                var impl = ((nint*)pointer)[i];
                if (impl != 0) tensors[i] = new Tensor(impl, Libtorch.mint_owned_bytes(impl));
            }
            Libtorch.mint_free(pointer);
            return tensors;
        }
    }

    internal (Tensor, Tensor) Two => Tensors is [var a, var b] ? (a, b) : throw new InvalidOperationException("The operator did not return two tensors.");

    internal (Tensor, Tensor, Tensor) Three => Tensors is [var a, var b, var c] ? (a, b, c) : throw new InvalidOperationException("The operator did not return three tensors.");
}

/// <summary>An operator of libtorch by its schema name ("add.Tensor"), looked up at its first call and kept.</summary>
internal sealed unsafe class Op(string name)
{
    private nint handle;

    internal string Name => name;

    public static implicit operator Op(string name) => new(name);

    /// <summary>Whether the loaded libtorch has this operator: what lets newer ones be used where they exist.</summary>
    internal static bool Exists(string name) => Find(name) != 0;

    internal bool IsOffered => (handle = handle != 0 ? handle : Find(name)) != 0;

    private nint Handle => handle != 0 ? handle : handle = Libtorch.Checked(Find(name));

    private static nint Find(string name)
    {
        int dot = name.IndexOf('.');
        var bytes = Encoding.UTF8.GetBytes($"aten::{(dot < 0 ? name : name[..dot])}\0");
        var overload = Encoding.UTF8.GetBytes($"{(dot < 0 ? "" : name[(dot + 1)..])}\0");
        fixed (byte* pn = bytes, po = overload) return Libtorch.mint_op(pn, po);
    }

    private Result Run(Value* values, int count)
    {
        var result = Libtorch.mint_call(Handle, values, count);
        return result.Failed ? throw Libtorch.Error() : result;
    }

    // One overload an arity: the arguments live on the stack, pinned and kept alive until the operator returns.
    internal Result Invoke(in Arg a)
    {
        fixed (byte* pa = a)
        {
            var v = stackalloc Value[1];
            a.Write(v, pa);
            var result = Run(v, 1);
            GC.KeepAlive(a.owner);
            return result;
        }
    }

    internal Result Invoke(in Arg a, in Arg b)
    {
        fixed (byte* pa = a, pb = b)
        {
            var v = stackalloc Value[2];
            a.Write(v, pa); b.Write(v + 1, pb);
            var result = Run(v, 2);
            GC.KeepAlive(a.owner); GC.KeepAlive(b.owner);
            return result;
        }
    }

    internal Result Invoke(in Arg a, in Arg b, in Arg c)
    {
        fixed (byte* pa = a, pb = b, pc = c)
        {
            var v = stackalloc Value[3];
            a.Write(v, pa); b.Write(v + 1, pb); c.Write(v + 2, pc);
            var result = Run(v, 3);
            GC.KeepAlive(a.owner); GC.KeepAlive(b.owner); GC.KeepAlive(c.owner);
            return result;
        }
    }

    internal Result Invoke(in Arg a, in Arg b, in Arg c, in Arg d)
    {
        fixed (byte* pa = a, pb = b, pc = c, pd = d)
        {
            var v = stackalloc Value[4];
            a.Write(v, pa); b.Write(v + 1, pb); c.Write(v + 2, pc); d.Write(v + 3, pd);
            var result = Run(v, 4);
            GC.KeepAlive(a.owner); GC.KeepAlive(b.owner); GC.KeepAlive(c.owner); GC.KeepAlive(d.owner);
            return result;
        }
    }

    internal Result Invoke(in Arg a, in Arg b, in Arg c, in Arg d, in Arg e)
    {
        fixed (byte* pa = a, pb = b, pc = c, pd = d, pe = e)
        {
            var v = stackalloc Value[5];
            a.Write(v, pa); b.Write(v + 1, pb); c.Write(v + 2, pc); d.Write(v + 3, pd); e.Write(v + 4, pe);
            var result = Run(v, 5);
            GC.KeepAlive(a.owner); GC.KeepAlive(b.owner); GC.KeepAlive(c.owner); GC.KeepAlive(d.owner); GC.KeepAlive(e.owner);
            return result;
        }
    }

    internal Result Invoke(in Arg a, in Arg b, in Arg c, in Arg d, in Arg e, in Arg f)
    {
        fixed (byte* pa = a, pb = b, pc = c, pd = d, pe = e, pf = f)
        {
            var v = stackalloc Value[6];
            a.Write(v, pa); b.Write(v + 1, pb); c.Write(v + 2, pc); d.Write(v + 3, pd); e.Write(v + 4, pe); f.Write(v + 5, pf);
            var result = Run(v, 6);
            GC.KeepAlive(a.owner); GC.KeepAlive(b.owner); GC.KeepAlive(c.owner); GC.KeepAlive(d.owner); GC.KeepAlive(e.owner); GC.KeepAlive(f.owner);
            return result;
        }
    }

    internal Result Invoke(in Arg a, in Arg b, in Arg c, in Arg d, in Arg e, in Arg f, in Arg g)
    {
        fixed (byte* pa = a, pb = b, pc = c, pd = d, pe = e, pf = f, pg = g)
        {
            var v = stackalloc Value[7];
            a.Write(v, pa); b.Write(v + 1, pb); c.Write(v + 2, pc); d.Write(v + 3, pd); e.Write(v + 4, pe); f.Write(v + 5, pf); g.Write(v + 6, pg);
            var result = Run(v, 7);
            GC.KeepAlive(a.owner); GC.KeepAlive(b.owner); GC.KeepAlive(c.owner); GC.KeepAlive(d.owner); GC.KeepAlive(e.owner); GC.KeepAlive(f.owner); GC.KeepAlive(g.owner);
            return result;
        }
    }

    internal Result Invoke(in Arg a, in Arg b, in Arg c, in Arg d, in Arg e, in Arg f, in Arg g, in Arg h)
    {
        fixed (byte* pa = a, pb = b, pc = c, pd = d, pe = e, pf = f, pg = g, ph = h)
        {
            var v = stackalloc Value[8];
            a.Write(v, pa); b.Write(v + 1, pb); c.Write(v + 2, pc); d.Write(v + 3, pd); e.Write(v + 4, pe); f.Write(v + 5, pf); g.Write(v + 6, pg); h.Write(v + 7, ph);
            var result = Run(v, 8);
            GC.KeepAlive(a.owner); GC.KeepAlive(b.owner); GC.KeepAlive(c.owner); GC.KeepAlive(d.owner); GC.KeepAlive(e.owner); GC.KeepAlive(f.owner); GC.KeepAlive(g.owner); GC.KeepAlive(h.owner);
            return result;
        }
    }

    internal Result Invoke(in Arg a, in Arg b, in Arg c, in Arg d, in Arg e, in Arg f, in Arg g, in Arg h, in Arg i)
    {
        fixed (byte* pa = a, pb = b, pc = c, pd = d, pe = e, pf = f, pg = g, ph = h, pi = i)
        {
            var v = stackalloc Value[9];
            a.Write(v, pa); b.Write(v + 1, pb); c.Write(v + 2, pc); d.Write(v + 3, pd); e.Write(v + 4, pe); f.Write(v + 5, pf); g.Write(v + 6, pg); h.Write(v + 7, ph); i.Write(v + 8, pi);
            var result = Run(v, 9);
            GC.KeepAlive(a.owner); GC.KeepAlive(b.owner); GC.KeepAlive(c.owner); GC.KeepAlive(d.owner); GC.KeepAlive(e.owner); GC.KeepAlive(f.owner); GC.KeepAlive(g.owner); GC.KeepAlive(h.owner); GC.KeepAlive(i.owner);
            return result;
        }
    }

    internal Result Invoke(in Arg a, in Arg b, in Arg c, in Arg d, in Arg e, in Arg f, in Arg g, in Arg h, in Arg i, in Arg j)
    {
        fixed (byte* pa = a, pb = b, pc = c, pd = d, pe = e, pf = f, pg = g, ph = h, pi = i, pj = j)
        {
            var v = stackalloc Value[10];
            a.Write(v, pa); b.Write(v + 1, pb); c.Write(v + 2, pc); d.Write(v + 3, pd); e.Write(v + 4, pe); f.Write(v + 5, pf); g.Write(v + 6, pg); h.Write(v + 7, ph); i.Write(v + 8, pi); j.Write(v + 9, pj);
            var result = Run(v, 10);
            GC.KeepAlive(a.owner); GC.KeepAlive(b.owner); GC.KeepAlive(c.owner); GC.KeepAlive(d.owner); GC.KeepAlive(e.owner); GC.KeepAlive(f.owner); GC.KeepAlive(g.owner); GC.KeepAlive(h.owner); GC.KeepAlive(i.owner); GC.KeepAlive(j.owner);
            return result;
        }
    }

    internal Result Invoke(in Arg a, in Arg b, in Arg c, in Arg d, in Arg e, in Arg f, in Arg g, in Arg h, in Arg i, in Arg j, in Arg k)
    {
        fixed (byte* pa = a, pb = b, pc = c, pd = d, pe = e, pf = f, pg = g, ph = h, pi = i, pj = j, pk = k)
        {
            var v = stackalloc Value[11];
            a.Write(v, pa); b.Write(v + 1, pb); c.Write(v + 2, pc); d.Write(v + 3, pd); e.Write(v + 4, pe); f.Write(v + 5, pf); g.Write(v + 6, pg); h.Write(v + 7, ph); i.Write(v + 8, pi); j.Write(v + 9, pj); k.Write(v + 10, pk);
            var result = Run(v, 11);
            GC.KeepAlive(a.owner); GC.KeepAlive(b.owner); GC.KeepAlive(c.owner); GC.KeepAlive(d.owner); GC.KeepAlive(e.owner); GC.KeepAlive(f.owner); GC.KeepAlive(g.owner); GC.KeepAlive(h.owner); GC.KeepAlive(i.owner); GC.KeepAlive(j.owner); GC.KeepAlive(k.owner);
            return result;
        }
    }

    internal Result Invoke(in Arg a, in Arg b, in Arg c, in Arg d, in Arg e, in Arg f, in Arg g, in Arg h, in Arg i, in Arg j, in Arg k, in Arg l)
    {
        fixed (byte* pa = a, pb = b, pc = c, pd = d, pe = e, pf = f, pg = g, ph = h, pi = i, pj = j, pk = k, pl = l)
        {
            var v = stackalloc Value[12];
            a.Write(v, pa); b.Write(v + 1, pb); c.Write(v + 2, pc); d.Write(v + 3, pd); e.Write(v + 4, pe); f.Write(v + 5, pf); g.Write(v + 6, pg); h.Write(v + 7, ph); i.Write(v + 8, pi); j.Write(v + 9, pj); k.Write(v + 10, pk); l.Write(v + 11, pl);
            var result = Run(v, 12);
            GC.KeepAlive(a.owner); GC.KeepAlive(b.owner); GC.KeepAlive(c.owner); GC.KeepAlive(d.owner); GC.KeepAlive(e.owner); GC.KeepAlive(f.owner); GC.KeepAlive(g.owner); GC.KeepAlive(h.owner); GC.KeepAlive(i.owner); GC.KeepAlive(j.owner); GC.KeepAlive(k.owner); GC.KeepAlive(l.owner);
            return result;
        }
    }

    internal Result Invoke(in Arg a, in Arg b, in Arg c, in Arg d, in Arg e, in Arg f, in Arg g, in Arg h, in Arg i, in Arg j, in Arg k, in Arg l, in Arg m)
    {
        fixed (byte* pa = a, pb = b, pc = c, pd = d, pe = e, pf = f, pg = g, ph = h, pi = i, pj = j, pk = k, pl = l, pm = m)
        {
            var v = stackalloc Value[13];
            a.Write(v, pa); b.Write(v + 1, pb); c.Write(v + 2, pc); d.Write(v + 3, pd); e.Write(v + 4, pe); f.Write(v + 5, pf); g.Write(v + 6, pg); h.Write(v + 7, ph); i.Write(v + 8, pi); j.Write(v + 9, pj); k.Write(v + 10, pk); l.Write(v + 11, pl); m.Write(v + 12, pm);
            var result = Run(v, 13);
            GC.KeepAlive(a.owner); GC.KeepAlive(b.owner); GC.KeepAlive(c.owner); GC.KeepAlive(d.owner); GC.KeepAlive(e.owner); GC.KeepAlive(f.owner); GC.KeepAlive(g.owner); GC.KeepAlive(h.owner); GC.KeepAlive(i.owner); GC.KeepAlive(j.owner); GC.KeepAlive(k.owner); GC.KeepAlive(l.owner); GC.KeepAlive(m.owner);
            return result;
        }
    }

    internal Tensor Call(in Arg a) => Invoke(a).Tensor;
    internal Tensor Call(in Arg a, in Arg b) => Invoke(a, b).Tensor;
    internal Tensor Call(in Arg a, in Arg b, in Arg c) => Invoke(a, b, c).Tensor;
    internal Tensor Call(in Arg a, in Arg b, in Arg c, in Arg d) => Invoke(a, b, c, d).Tensor;
    internal Tensor Call(in Arg a, in Arg b, in Arg c, in Arg d, in Arg e) => Invoke(a, b, c, d, e).Tensor;
    internal Tensor Call(in Arg a, in Arg b, in Arg c, in Arg d, in Arg e, in Arg f) => Invoke(a, b, c, d, e, f).Tensor;
    internal Tensor Call(in Arg a, in Arg b, in Arg c, in Arg d, in Arg e, in Arg f, in Arg g) => Invoke(a, b, c, d, e, f, g).Tensor;
    internal Tensor Call(in Arg a, in Arg b, in Arg c, in Arg d, in Arg e, in Arg f, in Arg g, in Arg h) => Invoke(a, b, c, d, e, f, g, h).Tensor;
    internal Tensor Call(in Arg a, in Arg b, in Arg c, in Arg d, in Arg e, in Arg f, in Arg g, in Arg h, in Arg i) => Invoke(a, b, c, d, e, f, g, h, i).Tensor;
    internal Tensor Call(in Arg a, in Arg b, in Arg c, in Arg d, in Arg e, in Arg f, in Arg g, in Arg h, in Arg i, in Arg j) => Invoke(a, b, c, d, e, f, g, h, i, j).Tensor;
    internal Tensor Call(in Arg a, in Arg b, in Arg c, in Arg d, in Arg e, in Arg f, in Arg g, in Arg h, in Arg i, in Arg j, in Arg k) => Invoke(a, b, c, d, e, f, g, h, i, j, k).Tensor;
    internal Tensor Call(in Arg a, in Arg b, in Arg c, in Arg d, in Arg e, in Arg f, in Arg g, in Arg h, in Arg i, in Arg j, in Arg k, in Arg l) => Invoke(a, b, c, d, e, f, g, h, i, j, k, l).Tensor;
    internal Tensor Call(in Arg a, in Arg b, in Arg c, in Arg d, in Arg e, in Arg f, in Arg g, in Arg h, in Arg i, in Arg j, in Arg k, in Arg l, in Arg m) => Invoke(a, b, c, d, e, f, g, h, i, j, k, l, m).Tensor;
}
