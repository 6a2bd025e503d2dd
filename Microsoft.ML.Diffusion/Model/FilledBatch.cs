namespace Microsoft.ML.Diffusion.Model;

/// <summary>
/// The places of one network call; always equally many where what is computed for an image may round differently in a batch of another size.
/// </summary>
/// <param name="Places">Those of the batch; where there are too few, they are repeated.</param>
/// <param name="Taken">How many at the beginning count.</param>
internal readonly record struct FilledBatch(int[] Places, int Taken)
{
    /// <summary>Cuts so many places into batches of one size.</summary>
    /// <param name="count">The number of all.</param>
    /// <param name="size">The number of those of a batch.</param>
    /// <param name="fills">Whether the last batch is as large as the others, or has only what is left.</param>
    public static IEnumerable<FilledBatch> Of(int count, int size, bool fills)
    {
        for (var first = 0; first < count; first += size)
        {
            var (offset, taken) = (first, Math.Min(size, count - first));
            yield return new FilledBatch([.. Enumerable.Range(0, fills ? size : taken).Select(i => offset + (i % taken))], taken);
        }
    }
}
