using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Data.Training;

/// <summary>Chooses the rows that a run holds out to judge by.</summary>
internal static class HeldOutRows
{
    /// <summary>The rows with the smallest random numbers, which are found by seed and row alone.</summary>
    /// <param name="count">The number of all rows, at least 2.</param>
    /// <param name="share">The share to hold out, above 0 and below 1; rounded, but at least one row, and not all.</param>
    /// <param name="seed">The run's seed.</param>
    /// <returns>Whether each row is held out.</returns>
    public static bool[] Of(int count, double share, long seed)
    {
        var numbers = new RandomNumbers(RandomStream.HeldOutRows, seed);
        var (keys, rows) = (new ulong[count], Enumerable.Range(0, count).ToArray());
        for (var row = 0; row < count; row++)
        {
            keys[row] = numbers.LongWord(row);
        }

        Array.Sort(keys, rows);
        var isHeldOut = new bool[count];
        foreach (var row in rows.AsSpan(0, Math.Clamp((int)Math.Round(share * count), 1, count - 1)))
        {
            isHeldOut[row] = true;
        }

        return isHeldOut;
    }
}
