namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>Chooses the rows that a run holds out to judge by: those with the smallest random numbers, which follow from seed and row alone.</summary>
internal static class HeldOutRows
{
    /// <summary>A share of the rows.</summary>
    /// <param name="count">The number of all rows, at least 2.</param>
    /// <param name="share">The share to hold out, above 0 and below 1; rounded, but at least one row, and not all.</param>
    /// <param name="seed">The run's seed.</param>
    /// <returns>Whether each row is held out.</returns>
    public static bool[] Of(int count, double share, long seed) => First(count, NumberOf(count, share), seed);

    /// <summary>How many rows a share is.</summary>
    /// <inheritdoc cref="Of" path="/param"/>
    public static int NumberOf(int count, double share) => Math.Clamp((int)Math.Round(share * count), 1, count - 1);

    /// <summary>A number of rows.</summary>
    /// <param name="count">The number of all rows.</param>
    /// <param name="number">The number to hold out, 0 to all.</param>
    /// <param name="seed">The run's seed.</param>
    /// <returns>Whether each row is held out.</returns>
    public static bool[] First(int count, int number, long seed)
    {
        var numbers = new RandomNumbers(RandomStream.HeldOutRows, seed);
        var (keys, rows) = (new ulong[count], Enumerable.Range(0, count).ToArray());
        for (var row = 0; row < count; row++)
        {
            keys[row] = numbers.LongWord(row);
        }

        Array.Sort(keys, rows);
        var isHeldOut = new bool[count];
        foreach (var row in rows.AsSpan(0, number))
        {
            isHeldOut[row] = true;
        }

        return isHeldOut;
    }
}
