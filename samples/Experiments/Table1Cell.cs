using Experiments.Statistics;

namespace Experiments;

/// <summary>A cell of table 1.</summary>
/// <param name="Steps">S.</param>
/// <param name="Noise">The row: eta or sigma-hat.</param>
/// <param name="Count">N, the number of images.</param>
/// <param name="Seconds">How long they took to draw.</param>
/// <param name="Distance">Their Frechet distance.</param>
/// <param name="Replicates">The distance of each draw of the bootstrap, which are the same draws in cells of as many images.</param>
internal sealed record Table1Cell(int Steps, string Noise, int Count, double Seconds, double Distance, double[] Replicates)
{
    public Interval Interval { get; } = Bootstrap.IntervalOf(Distance, Replicates);

    public double Bias => Bootstrap.BiasOf(Distance, Replicates);

    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{Distance:F2} {Interval}");

    /// <summary>How much further than another cell's images these are, draw by draw.</summary>
    public (double Difference, Interval Interval) Beyond(Table1Cell other)
    {
        var difference = Distance - other.Distance;
        return (difference, Bootstrap.IntervalOf(difference, [.. Replicates.Zip(other.Replicates, (mine, theirs) => mine - theirs)]));
    }
}
