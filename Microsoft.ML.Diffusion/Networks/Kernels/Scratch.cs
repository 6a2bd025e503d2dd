using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Microsoft.ML.Diffusion.Networks.Kernels;

/// <summary>Memory that a thread's kernels work in, kept from call to call.</summary>
internal sealed unsafe class Scratch
{
    private const int Alignment = 16; // floats of a cache line

    [ThreadStatic]
    private static Scratch? _ofThread;

    private float[] _memory = [];
    private int _taken;

    private Scratch()
    {
    }

    /// <summary>The calling thread's memory, of at least <paramref name="count"/> floats, none of them taken.</summary>
    /// <param name="count">The sum of what will be taken, rounded up to cache lines each.</param>
    public static Scratch Of(int count)
    {
        var scratch = _ofThread ??= new Scratch();
        scratch._taken = 0;
        if (scratch._memory.Length < count + Alignment)
        {
            scratch._memory = GC.AllocateUninitializedArray<float>(count + Alignment, pinned: true);
        }

        return scratch;
    }

    /// <summary>Floats that <see cref="Take"/> takes for <paramref name="count"/>.</summary>
    public static int Rounded(int count) => (count + Alignment - 1) / Alignment * Alignment;

    /// <summary>The next floats, from the start of a cache line, whatever they hold. They are pinned, and the caller's until the next <see cref="Of"/>.</summary>
    public float* Take(int count)
    {
        var begin = (float*)Marshal.UnsafeAddrOfPinnedArrayElement(_memory, 0);
        var aligned = (float*)(((nuint)begin + 63) & ~(nuint)63);
        Debug.Assert(_taken + Rounded(count) + Alignment <= _memory.Length, "more is taken than was asked for");
        var taken = aligned + _taken;
        _taken += Rounded(count);
        return taken;
    }

    /// <summary>The next floats, all zero.</summary>
    public float* TakeZeros(int count)
    {
        var zeros = Take(count);
        new Span<float>(zeros, count).Clear();
        return zeros;
    }
}
