using System.Numerics.Tensors;

namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>
/// The order in which the parts of a batch are added up: neighbours in pairs, then the sums of two pairs, and so on. A run of parts that begins at a multiple of its
/// own number, a power of two, is a whole branch, so that a process can add up those of its threads, and processes each other's.
/// </summary>
internal static unsafe class TreeSum
{
    /// <summary>The pairs to be added, in order: the second of each to the first.</summary>
    /// <param name="parts">The number of parts, whose sum becomes that of part 0.</param>
    public static IReadOnlyList<(int To, int From)> Pairs(int parts)
    {
        List<(int To, int From)> pairs = [];
        for (var distance = 1; distance < parts; distance *= 2)
        {
            for (var part = 0; part + distance < parts; part += 2 * distance)
            {
                pairs.Add((part, part + distance));
            }
        }

        return pairs;
    }

    /// <summary>Adds up parts of a buffer into the first of them; the others are overwritten.</summary>
    /// <param name="buffer">The first part.</param>
    /// <param name="stride">The numbers from one part to the next.</param>
    /// <param name="parts">The number of parts.</param>
    /// <param name="count">The numbers of a part.</param>
    public static void Add(float* buffer, long stride, int parts, int count)
    {
        foreach (var (to, from) in Pairs(parts))
        {
            var sum = new Span<float>(buffer + (to * stride), count);
            TensorPrimitives.Add(sum, new ReadOnlySpan<float>(buffer + (from * stride), count), sum);
        }
    }
}
