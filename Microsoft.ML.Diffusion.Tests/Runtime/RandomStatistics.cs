using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Tests.Runtime;

/// <summary>A measured value, and how far from zero it may be.</summary>
internal readonly record struct Finding(string Name, double Value, double Limit)
{
    public bool IsFine => Math.Abs(Value) <= Limit;

    public override string ToString() => FormattableString.Invariant($"{Name,-60} {Value,9:F3} (at most {Limit})");
}

/// <summary>Whether the random numbers look as they should, for any count: the fuzz project asks with millions.</summary>
internal static class RandomStatistics
{
    // Of the standard normal: one of some fifty values is beyond 4.5 by chance in 1 of 3,000 sets of numbers. The numbers are fixed.
    private const double Limit = 4.5;

    /// <summary>
    /// Moments and distribution, in standard errors; those of Kolmogorov and Smirnov as sqrt(n) D, beyond 1.95 by chance in one case of a thousand.
    /// </summary>
    public static IEnumerable<Finding> Distribution(int count)
    {
        var normals = Normals(RandomStream.StartOfSample, 1, 0, 0, count);
        var n = Math.Sqrt(count);
        double Moment(int power) => normals.Average(x => Math.Pow(x, power));
        yield return new("mean", Moment(1) * n, Limit);
        yield return new("second moment", (Moment(2) - 1) * n / Math.Sqrt(2), Limit);
        yield return new("third moment", Moment(3) * n / Math.Sqrt(15), Limit);
        yield return new("fourth moment", (Moment(4) - 3) * n / Math.Sqrt(96), Limit);
        yield return new("Kolmogorov-Smirnov, normal", Kolmogorov(normals, x => NormalDistribution(x)), 1.95);

        var uniforms = new float[count];
        new RandomNumbers(RandomStream.InitialWeights, 1).Uniforms(0, 0, uniforms);
        yield return new("Kolmogorov-Smirnov, uniform", Kolmogorov(uniforms, x => x), 1.95);

        var numbers = new RandomNumbers(RandomStream.TrainingTimesteps, 1);
        float[] doubles = [.. Enumerable.Range(0, Math.Min(count, 1_000_000)).Select(i => (float)numbers.Uniform(i))];
        yield return new("Kolmogorov-Smirnov, one uniform of each sample", Kolmogorov(doubles, x => x), 1.95);
        long[] below = [.. Enumerable.Range(0, 7).Select(_ => 0L)];
        foreach (var i in Enumerable.Range(0, doubles.Length))
        {
            below[numbers.Below(7, i)]++;
        }

        var expected = doubles.Length / 7.0;
        yield return new(
            "chi squared of sevenths, in deviations",
            (below.Sum(k => (k - expected) * (k - expected) / expected) - 6) / Math.Sqrt(12),
            Limit);
    }

    /// <summary>Correlations of numbers that have nothing to do with each other, and of their squares, in standard errors.</summary>
    public static IEnumerable<Finding> Correlations(int count)
    {
        var numbers = Normals(RandomStream.StartOfSample, 1, 0, 0, count + 64);
        foreach (var lag in (int[])[1, 2, 3, 4, 5, 8, 16, 64])
        {
            yield return new($"elements {lag} apart", Correlation(numbers.AsSpan(0, count), numbers.AsSpan(lag, count), x => x), Limit);
            yield return new(
                $"elements {lag} apart, squares",
                Correlation(numbers.AsSpan(0, count), numbers.AsSpan(lag, count), x => x * x),
                Limit);
        }

        var of = Normals(RandomStream.StartOfSample, 1, 0, 0, count);
        Finding Against(string name, float[] other) => new(name, Correlation(of, other, x => x), Limit);
        yield return Against("sample 0 and 1", Normals(RandomStream.StartOfSample, 1, 1, 0, count));
        yield return Against("sample 0 and 2^32", Normals(RandomStream.StartOfSample, 1, 1L << 32, 0, count));
        yield return Against("sample 0 and -1", Normals(RandomStream.StartOfSample, 1, -1, 0, count));
        yield return Against("draw 0 and 1", Normals(RandomStream.StartOfSample, 1, 0, 1, count));
        yield return Against("seed 1 and 0", Normals(RandomStream.StartOfSample, 0, 0, 0, count));
        yield return Against("seed 1 and 2", Normals(RandomStream.StartOfSample, 2, 0, 0, count));
        yield return Against("seed 1 and -1", Normals(RandomStream.StartOfSample, -1, 0, 0, count));
        yield return Against("seed 1 and 1 + 2^32", Normals(RandomStream.StartOfSample, 1 + (1L << 32), 0, 0, count));
        foreach (var stream in Enum.GetValues<RandomStream>().Where(stream => stream != RandomStream.StartOfSample))
        {
            yield return Against($"start of sample and {stream}", Normals(stream, 1, 0, 0, count));
        }
    }

    /// <summary>How many of the starts of images of so many seeds, and of so many images of few seeds, are there twice.</summary>
    public static int Twins(int pairs)
    {
        var seen = new HashSet<(float, float, float, float)>(2 * pairs);
        var start = new float[4];
        var images = (int)Math.Sqrt(pairs);
        var twins = 0;
        foreach (var (seed, image) in Enumerable.Range(0, pairs)
            .Select(seed => (seed, 0))
            .Concat(Enumerable.Range(images, pairs - images).Select(i => (i % images, 1 + (i / images)))))
        {
            new RandomNumbers(RandomStream.StartOfSample, seed).Normals(image, 0, start);
            twins += seen.Add((start[0], start[1], start[2], start[3])) ? 0 : 1;
        }

        return twins;
    }

    private static float[] Normals(RandomStream stream, long seed, long sample, long draw, int count)
    {
        var numbers = new float[count];
        new RandomNumbers(stream, seed).Normals(sample, draw, numbers);
        return numbers;
    }

    private static double Correlation(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Func<double, double> of)
    {
        var (sumA, sumB, products, squaresA, squaresB) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for (var i = 0; i < a.Length; i++)
        {
            var (x, y) = (of(a[i]), of(b[i]));
            sumA += x;
            sumB += y;
            products += x * y;
            squaresA += x * x;
            squaresB += y * y;
        }

        double n = a.Length;
        var covariance = products - (sumA * sumB / n);
        return covariance / Math.Sqrt((squaresA - (sumA * sumA / n)) * (squaresB - (sumB * sumB / n))) * Math.Sqrt(n);
    }

    private static double Kolmogorov(float[] values, Func<double, double> distribution)
    {
        float[] sorted = [.. values];
        Array.Sort(sorted);
        var (n, largest) = ((double)sorted.Length, 0.0);
        for (var i = 0; i < sorted.Length; i++)
        {
            var expected = distribution(sorted[i]);
            largest = Math.Max(largest, Math.Max(expected - (i / n), ((i + 1) / n) - expected));
        }

        return largest * Math.Sqrt(n);
    }

    // By the series 1/2 + phi(x) (x + x^3/3 + x^5/15 + ...), which is right to many more digits than are looked at.
    private static double NormalDistribution(double x)
    {
        var (sum, term) = (x, x);
        for (var k = 3; Math.Abs(term) > 1e-15 * Math.Abs(sum); k += 2)
        {
            term *= x * x / k;
            sum += term;
        }

        return 0.5 + (sum * Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI));
    }
}
