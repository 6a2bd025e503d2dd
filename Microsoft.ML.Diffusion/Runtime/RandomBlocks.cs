using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>The blocks of one draw of one sample, from the first on, at the width that suits the processor. All widths give the same bits.</summary>
/// <param name="key">The key of a seed in a stream.</param>
/// <param name="sample">The upper 64 bits of the counter.</param>
/// <param name="draw">The second word of the counter; the first is the number of the block.</param>
internal readonly struct RandomBlocks(ulong key, ulong sample, uint draw)
{
    private const int WordsOfBlock = 4;
    private const int MaximumLanes = 16;

    /// <summary>The words of the blocks, in order.</summary>
    public void Words(Span<uint> words)
    {
        if (words.Length <= WordsOfBlock)
        {
            Words<OneLane, uint, float>(words);
        }
        else if (Vector512.IsHardwareAccelerated)
        {
            Words<SixteenLanes, Vector512<uint>, Vector512<float>>(words);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Words<EightLanes, Vector256<uint>, Vector256<float>>(words);
        }
        else if (Vector128.IsHardwareAccelerated)
        {
            Words<FourLanes, Vector128<uint>, Vector128<float>>(words);
        }
        else
        {
            Words<OneLane, uint, float>(words);
        }
    }

    /// <summary>Standard normal numbers: of each block the two of its first two words, then those of the others.</summary>
    public void Normals(Span<float> normals)
    {
        if (normals.Length <= WordsOfBlock)
        {
            Normals<OneLane, uint, float>(normals);
        }
        else if (Vector512.IsHardwareAccelerated)
        {
            Normals<SixteenLanes, Vector512<uint>, Vector512<float>>(normals);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            Normals<EightLanes, Vector256<uint>, Vector256<float>>(normals);
        }
        else if (Vector128.IsHardwareAccelerated)
        {
            Normals<FourLanes, Vector128<uint>, Vector128<float>>(normals);
        }
        else
        {
            Normals<OneLane, uint, float>(normals);
        }
    }

    /// <summary><see cref="Words(Span{uint})"/> at one width.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Words<TLanes, TWhole, TReal>(Span<uint> words)
        where TLanes : struct, ILanes<TWhole, TReal>
    {
        Span<uint> rest = stackalloc uint[WordsOfBlock * MaximumLanes];
        for (var block = 0u; words.Length > 0; block += (uint)TLanes.Count)
        {
            var target = words.Length >= WordsOfBlock * TLanes.Count ? words : rest;
            var (a, b, c, d) =
                (TLanes.Successive(block), TLanes.Whole(draw), TLanes.Whole(unchecked((uint)sample)), TLanes.Whole((uint)(sample >> 32)));
            Philox4x32.Block<TLanes, TWhole, TReal>(key, ref a, ref b, ref c, ref d);
            TLanes.Interleave(a, b, c, d, ref MemoryMarshal.GetReference(target));
            words = After<TLanes, TWhole, TReal>(words, rest);
        }
    }

    /// <summary><see cref="Normals(Span{float})"/> at one width.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Normals<TLanes, TWhole, TReal>(Span<float> normals)
        where TLanes : struct, ILanes<TWhole, TReal>
    {
        var bits = MemoryMarshal.Cast<float, uint>(normals);
        Span<uint> rest = stackalloc uint[WordsOfBlock * MaximumLanes];
        for (var block = 0u; bits.Length > 0; block += (uint)TLanes.Count)
        {
            var target = bits.Length >= WordsOfBlock * TLanes.Count ? bits : rest;
            var (a, b, c, d) =
                (TLanes.Successive(block), TLanes.Whole(draw), TLanes.Whole(unchecked((uint)sample)), TLanes.Whole((uint)(sample >> 32)));
            Philox4x32.Block<TLanes, TWhole, TReal>(key, ref a, ref b, ref c, ref d);
            var (first, second) = BoxMuller.Normals<TLanes, TWhole, TReal>(a, b);
            var (third, fourth) = BoxMuller.Normals<TLanes, TWhole, TReal>(c, d);
            TLanes.Interleave(
                TLanes.Bits(first),
                TLanes.Bits(second),
                TLanes.Bits(third),
                TLanes.Bits(fourth),
                ref MemoryMarshal.GetReference(target));
            bits = After<TLanes, TWhole, TReal>(bits, rest);
        }
    }

    // What is left to fill. The last blocks may be more than there is room for: they were put beside it, and their beginning is copied.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Span<uint> After<TLanes, TWhole, TReal>(Span<uint> words, scoped Span<uint> last)
        where TLanes : struct, ILanes<TWhole, TReal>
    {
        if (words.Length >= WordsOfBlock * TLanes.Count)
        {
            return words[(WordsOfBlock * TLanes.Count)..];
        }

        last[..words.Length].CopyTo(words);
        return [];
    }
}
