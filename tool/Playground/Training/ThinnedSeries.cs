namespace Diffusion.Tool.Playground.Training;

/// <summary>Points of which few are kept, however many are added: when they are too many, neighbours become one, from then on also new ones.</summary>
/// <param name="most">The most that are kept: even.</param>
internal sealed class ThinnedSeries(int most)
{
    private readonly List<(long Number, LossPoint Point)> _points = [];
    private readonly List<LossPoint?> _halves = []; // [i]: waits for its neighbour, of 2^i points that were added

    /// <summary>The number of the event at which points that were known before changed; 0 for none.</summary>
    public long ChangedBy { get; private set; }

    /// <summary>Adds a point.</summary>
    /// <param name="number">The number of its event, above all earlier ones.</param>
    /// <param name="point">The point.</param>
    public void Add(long number, LossPoint point)
    {
        for (var i = 0; i < _halves.Count; i++)
        {
            if (_halves[i] is not { } first)
            {
                _halves[i] = point;
                return;
            }

            (_halves[i], point) = (null, LossPoint.Middle(first, point));
        }

        _points.Add((number, point));
        if (_points.Count == most)
        {
            Halve(number);
        }
    }

    /// <summary>The points that were added by later events.</summary>
    public LossPoint[] Since(long number) => [.. _points.Where(point => point.Number > number).Select(point => point.Point)];

    private void Halve(long number)
    {
        var kept = _points.Chunk(2).Select(pair => (pair[1].Number, LossPoint.Middle(pair[0].Point, pair[1].Point))).ToList();
        _points.Clear();
        _points.AddRange(kept);
        _halves.Add(null);
        ChangedBy = number;
    }
}
