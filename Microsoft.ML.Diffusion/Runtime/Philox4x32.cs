using System.Runtime.CompilerServices;

namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>Philox4x32-10 (Salmon et al. 2011): turns a counter of 128 bits and a key of 64 into 128 random bits, in ten rounds.</summary>
/// <remarks>It has no state: any block can be computed alone, and as many side by side as there are lanes.</remarks>
internal static class Philox4x32
{
    private const int Rounds = 10;
    private const uint Multiplier0 = 0xD2511F53;
    private const uint Multiplier1 = 0xCD9E8D57;
    private const uint Weyl0 = 0x9E3779B9; // 2^32 divided by the golden ratio
    private const uint Weyl1 = 0xBB67AE85; // 2^32 (sqrt(3) - 1)

    /// <summary>Computes one block in each lane.</summary>
    /// <param name="key">The lower word is the first.</param>
    /// <param name="c0">The counter's first word; replaced by the block's first.</param>
    /// <param name="c1">The second.</param>
    /// <param name="c2">The third.</param>
    /// <param name="c3">The fourth.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Block<TLanes, TWhole, TReal>(ulong key, ref TWhole c0, ref TWhole c1, ref TWhole c2, ref TWhole c3)
        where TLanes : struct, ILanes<TWhole, TReal>
    {
        var (key0, key1) = (unchecked((uint)key), (uint)(key >> 32));
        for (var round = 0; round < Rounds; round++)
        {
            var (low0, high0) = TLanes.Multiply(c0, Multiplier0);
            var (low1, high1) = TLanes.Multiply(c2, Multiplier1);
            c0 = TLanes.Xor(TLanes.Xor(high1, c1), TLanes.Whole(key0));
            c1 = low1;
            c2 = TLanes.Xor(TLanes.Xor(high0, c3), TLanes.Whole(key1));
            c3 = low0;
            unchecked
            {
                key0 += Weyl0;
                key1 += Weyl1;
            }
        }
    }
}
