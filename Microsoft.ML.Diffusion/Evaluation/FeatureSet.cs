using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Evaluation;

/// <summary>What an evaluation keeps of one set, in memory that the number of its rows does not change: moments of all, and some of the rows.</summary>
internal sealed class FeatureSet
{
    private const int BatchRows = 256;

    private readonly List<float[]> _kept = [];
    private readonly List<float[]> _batch = [];
    private readonly int _maximumKept;
    private readonly RandomNumbers _numbers;
    private readonly int _draw;
    private long _count;

    /// <param name="features">D.</param>
    /// <param name="maximumKept">How many rows to keep.</param>
    /// <param name="seed">The seed of the choice.</param>
    /// <param name="isGenerated">Whether the rows are of generated images: these are chosen apart from the real ones.</param>
    public FeatureSet(int features, int maximumKept, long seed, bool isGenerated)
    {
        (_maximumKept, _numbers, _draw) = (maximumKept, new(RandomStream.KeptRows, seed), isGenerated ? 1 : 0);
        Moments = new FeatureMoments(features);
    }

    public FeatureMoments Moments { get; }

    /// <summary>Gets the rows that were kept, [n][D].</summary>
    public IReadOnlyList<float[]> Kept => _kept;

    /// <summary>Adds all rows.</summary>
    public void AddRange(IEnumerable<float[]> rows)
    {
        foreach (var row in rows)
        {
            var copy = (float[])row.Clone();
            Keep(copy);
            _batch.Add(copy);
            if (_batch.Count == BatchRows)
            {
                Flush();
            }
        }

        Flush();
    }

    // Vitter's algorithm R (1985): after n rows each is kept with the same chance.
    private void Keep(float[] row)
    {
        var index = _count++;
        if (_kept.Count < _maximumKept)
        {
            _kept.Add(row);
            return;
        }

        var place = _numbers.Below(_count, index, _draw);
        if (place < _maximumKept)
        {
            _kept[(int)place] = row;
        }
    }

    private void Flush()
    {
        if (_batch.Count > 0)
        {
            Moments.Add(_batch);
            _batch.Clear();
        }
    }
}
