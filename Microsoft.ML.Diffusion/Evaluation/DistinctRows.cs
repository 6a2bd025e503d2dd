using System.Runtime.InteropServices;

namespace Microsoft.ML.Diffusion.Evaluation;

/// <summary>Rows of which each is there once, and where each first was.</summary>
internal sealed class DistinctRows
{
    private readonly List<float[]> _rows = [];
    private readonly List<int> _positions = [];

    /// <param name="rows">All rows; copied.</param>
    public DistinctRows(IEnumerable<float[]> rows)
    {
        var seen = new HashSet<float[]>(new EqualNumbers());
        foreach (var row in rows)
        {
            var copy = Array.ConvertAll(row, value => value + 0f); // which makes 0 of -0: equal numbers are equal bytes
            if (seen.Add(copy))
            {
                _rows.Add(copy);
                _positions.Add(Count);
            }

            Count++;
        }
    }

    /// <summary>Gets the number of all rows.</summary>
    public int Count { get; private set; }

    /// <summary>Gets the distinct rows.</summary>
    public IReadOnlyList<float[]> Rows => _rows;

    /// <summary>Gets the position of each distinct row's first among all.</summary>
    public IReadOnlyList<int> Positions => _positions;

    private sealed class EqualNumbers : IEqualityComparer<float[]>
    {
        public bool Equals(float[]? x, float[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(float[] obj)
        {
            var hash = new HashCode();
            hash.AddBytes(MemoryMarshal.AsBytes(obj.AsSpan()));
            return hash.ToHashCode();
        }
    }
}
