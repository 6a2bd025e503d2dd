namespace Microsoft.ML.Diffusion.Planning;

/// <summary>What one can expect of a run, by what it computes for each pixel of an image: estimated from garments and emoji by v, on the safe side for emoji by x_0 (docs/planning.md).</summary>
/// <param name="What">What images will show.</param>
/// <param name="Next">What they would show with more time; null where that is all.</param>
/// <param name="OperationsPerPixel">From how many additions and multiplications on.</param>
internal sealed record Expectation(string What, string? Next, double OperationsPerPixel)
{
    private static readonly Expectation[] _stages =
    [
        new("noise and blots", "rough shapes in the right colours", 0),
        new("rough shapes in the right colours", "shapes and colours that one can recognize", 1.5e10),
        new("shapes and colours that one can recognize (in drawings: photographs take far longer)", "detail", 7e10),
        new("detail (in drawings: photographs take far longer)", null, 5e11),
    ];

    /// <summary>Tells what to expect, and from when on more.</summary>
    /// <param name="operationsPerSecond">What the device computes in training.</param>
    /// <param name="duration">For how long.</param>
    /// <param name="pixels">Pixels of an image.</param>
    public static string Of(double operationsPerSecond, TimeSpan duration, int pixels)
    {
        var computed = operationsPerSecond * duration.TotalSeconds / pixels;
        var stage = Array.FindLastIndex(_stages, each => computed >= each.OperationsPerPixel);
        return _stages[stage].Next is { } next
            ? $"enough for {_stages[stage].What}; for {next}, give it about {Rounded(_stages[stage + 1].OperationsPerPixel * pixels / operationsPerSecond)}"
            : $"enough for {_stages[stage].What}";
    }

    /// <summary>A length of time as one says it: 40 seconds, 25 minutes, 3 hours.</summary>
    internal static string Rounded(double seconds) => seconds switch
    {
        < 90 => Number(seconds, "second"),
        < 90 * 60 => Number(seconds / 60, "minute"),
        < 36 * 3600 => Number(seconds / 3600, "hour"),
        _ => Number(seconds / 86400, "day"),
    };

    // Two digits at most: more would promise what nobody knows.
    private static string Number(double value, string unit)
    {
        var rounded = value < 10 ? Math.Max(1, Math.Ceiling(value)) : 5 * Math.Ceiling(value / 5);
        return FormattableString.Invariant($"{rounded:F0} {unit}{(rounded == 1 ? "" : "s")}");
    }
}
