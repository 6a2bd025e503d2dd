namespace Microsoft.ML.Diffusion.Model;

/// <summary>
/// The places of one network call, always equally many, since what is computed for an image may round differently in a batch of another size.
/// </summary>
/// <param name="Places">Those of the batch; where there are too few, they are repeated.</param>
/// <param name="Taken">How many at the beginning count.</param>
internal readonly record struct FilledBatch(int[] Places, int Taken)
{
    /// <summary>Cuts so many places into batches of one size.</summary>
    public static IEnumerable<FilledBatch> Of(int count, int size)
    {
        for (var first = 0; first < count; first += size)
        {
            var (offset, taken) = (first, Math.Min(size, count - first));
            yield return new FilledBatch([.. Enumerable.Range(0, size).Select(i => offset + (i % taken))], taken);
        }
    }
}
