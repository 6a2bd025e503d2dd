using System.Globalization;

namespace Microsoft.ML.Diffusion.Tests.Golden;

/// <summary>Comparisons of whole arrays that say where and how far they are apart.</summary>
internal static class GoldenAssert
{
    /// <summary>Every value is within <paramref name="absolute"/> or <paramref name="relative"/> of the expected one, whichever allows more.</summary>
    public static void AreClose(
        IReadOnlyList<double> expected,
        IReadOnlyList<double> actual,
        string what,
        double absolute = 0,
        double relative = 0)
    {
        Assert.HasCount(expected.Count, actual, what);

        var (worst, worstExcess) = (-1, 0.0);
        for (var i = 0; i < expected.Count; i++)
        {
            var excess = Math.Abs(actual[i] - expected[i]) - Math.Max(absolute, relative * Math.Abs(expected[i]));
            if (!(excess <= worstExcess)) // so that NaN fails
            {
                (worst, worstExcess) = (i, double.IsNaN(excess) ? double.PositiveInfinity : excess);
            }
        }

        if (worst >= 0)
        {
            Assert.Fail(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{what}: worst at {worst} of {expected.Count}: expected {expected[worst]:R}, got {actual[worst]:R}, apart by {Math.Abs(actual[worst] - expected[worst]):G3} (allowed: absolute {absolute:G3} or relative {relative:G3})."));
        }
    }

    /// <summary>The comparison fails: what every counter-test expects after it has changed one number.</summary>
    public static void Fails(Action comparison, string what) =>
        Assert.ThrowsExactly<AssertFailedException>(comparison, $"{what}: the changed number went unnoticed.");

    /// <summary>A copy in which the middle value is larger by <paramref name="by"/>.</summary>
    public static double[] Changed(IReadOnlyList<double> values, double by)
    {
        var changed = values.ToArray();
        changed[changed.Length / 2] += by;
        return changed;
    }
}
