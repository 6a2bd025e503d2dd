namespace Experiments.Statistics;

/// <summary>The straight line of least squares through points.</summary>
/// <param name="Slope">How much y rises for 1 of x.</param>
/// <param name="Intercept">y at x = 0.</param>
/// <param name="RSquared">The share of the variance of y that the line explains, 0..1.</param>
internal readonly record struct LineFit(double Slope, double Intercept, double RSquared)
{
    /// <summary>Fits a line.</summary>
    /// <param name="points">At least two points, not all at one x.</param>
    public static LineFit Of(IReadOnlyList<(double X, double Y)> points)
    {
        var (x, y) = (points.Average(point => point.X), points.Average(point => point.Y));
        var xx = points.Sum(point => (point.X - x) * (point.X - x));
        var xy = points.Sum(point => (point.X - x) * (point.Y - y));
        var yy = points.Sum(point => (point.Y - y) * (point.Y - y));
        return new(xy / xx, y - (xy / xx * x), yy == 0 ? 1 : xy * xy / (xx * yy));
    }
}
