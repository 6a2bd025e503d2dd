namespace Microsoft.ML.Diffusion.Engines.Cpu;

/// <summary>A buffer that is needed for a while.</summary>
/// <param name="Length">Its floats.</param>
/// <param name="Begin">The first moment at which it is needed.</param>
/// <param name="End">The last moment at which it is needed.</param>
internal readonly record struct Need(long Length, int Begin, int End);

/// <summary>Places for buffers in one memory, such that those that are needed at once do not overlap.</summary>
internal sealed class MemoryPlan
{
    private const int Line = 16; // floats of a cache line

    /// <param name="needs">The buffers.</param>
    public MemoryPlan(IReadOnlyList<Need> needs)
    {
        var places = new long[needs.Count];
        var placed = new List<int>(); // by their offsets

        // Large buffers first, each at the lowest place that is free while it is needed: small ones find room between them.
        foreach (var index in Enumerable.Range(0, needs.Count).OrderByDescending(i => needs[i].Length).ThenBy(i => needs[i].Begin))
        {
            var (length, offset) = (Rounded(needs[index].Length), 0L);
            foreach (var other in placed)
            {
                if (needs[other].Begin <= needs[index].End && needs[index].Begin <= needs[other].End)
                {
                    if (offset + length <= places[other])
                    {
                        break;
                    }

                    offset = Math.Max(offset, places[other] + Rounded(needs[other].Length));
                }
            }

            places[index] = offset;
            placed.Insert(placed.FindIndex(other => places[other] > offset) is var next and >= 0 ? next : placed.Count, index);
            Length = Math.Max(Length, offset + length);
        }

        Offsets = places;
        Peak = needs.Select(need => need.Begin).Distinct()
            .Select(moment => needs.Where(need => need.Begin <= moment && moment <= need.End).Sum(need => Rounded(need.Length)))
            .DefaultIfEmpty().Max();
    }

    /// <summary>Where each buffer begins, in floats.</summary>
    public IReadOnlyList<long> Offsets { get; }

    /// <summary>The floats of all.</summary>
    public long Length { get; }

    /// <summary>The most floats that are needed at once: <see cref="Length"/> cannot be less.</summary>
    public long Peak { get; }

    private static long Rounded(long length) => (length + Line - 1) / Line * Line;
}
