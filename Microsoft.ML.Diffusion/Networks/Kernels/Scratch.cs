using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Microsoft.ML.Diffusion.Networks.Kernels;

/// <summary>Memory that a thread's kernels work in, kept from call to call.</summary>
internal sealed unsafe class Scratch
{
    private const int Alignment = 16; // floats of a cache line

    [ThreadStatic]
    private static Scratch? _ofCall;

    [ThreadStatic]
    private static Scratch? _ofPart;

    private float[] _memory = [];
    private long _taken;

    private Scratch()
    {
    }

    /// <summary>The calling thread's memory for what all parts of a kernel read, of at least <paramref name="count"/> floats, none of them taken.</summary>
    /// <param name="count">The sum of what will be taken, rounded up to cache lines each.</param>
    public static Scratch OfCall(long count) => (_ofCall ??= new Scratch()).Emptied(count);

    /// <summary>The calling thread's memory for one part of a kernel, like <see cref="OfCall"/>.</summary>
    public static Scratch OfPart(long count) => (_ofPart ??= new Scratch()).Emptied(count);

    /// <summary>Floats that <see cref="Take"/> takes for <paramref name="count"/>.</summary>
    public static long Rounded(long count) => (count + Alignment - 1) / Alignment * Alignment;

    /// <summary>
    /// The next floats, from the start of a cache line, whatever they hold. They are pinned, and the caller's until the memory is asked for again.
    /// </summary>
    public float* Take(long count)
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

    private Scratch Emptied(long count)
    {
        _taken = 0;
        if (_memory.Length < count + Alignment)
        {
            _memory = GC.AllocateUninitializedArray<float>(checked((int)(count + Alignment)), pinned: true);
        }

        return this;
    }
}
