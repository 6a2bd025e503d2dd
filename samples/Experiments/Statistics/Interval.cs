namespace Experiments.Statistics;

/// <summary>A range that covers what is estimated in 95 of 100 experiments.</summary>
/// <param name="Low">Its lower end.</param>
/// <param name="High">Its upper end.</param>
internal readonly record struct Interval(double Low, double High)
{
    /// <summary>Gets a value indicating whether it is all above or all below 0: the sign of what is estimated is settled.</summary>
    public bool ExcludesZero => Low > 0 || High < 0;

    /// <inheritdoc/>
    public override string ToString() => $"[{Signed.Plain(Low)}, {Signed.Plain(High)}]";
}
