using System.Numerics.Tensors;
using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Tests.Exact;

/// <summary>Data of two numbers, drawn from a mixture of round normal distributions: what a perfect network says of x_t is a formula.</summary>
/// <param name="weights">The share of each mode; they sum to 1.</param>
/// <param name="means">Where each mode lies.</param>
/// <param name="deviations">The standard deviation of each mode, on both axes.</param>
internal sealed class GaussianMixture(double[] weights, (double X, double Y)[] means, double[] deviations)
{
    /// <summary>Three modes of unequal weight, apart from each other as the contents of pictures are; all of it within [-1, 1] or nearly.</summary>
    public static GaussianMixture Three { get; } = new([0.5, 0.3, 0.2], [(-0.6, -0.4), (0.5, -0.2), (0.1, 0.6)], [0.12, 0.12, 0.12]);

    /// <summary>One normal distribution away from the origin, on which every sampler is a linear map.</summary>
    public static GaussianMixture One { get; } = new([1], [(0.3, -0.5)], [0.25]);

    public IReadOnlyList<double> Weights => weights;

    public IReadOnlyList<(double X, double Y)> Means => means;

    public IReadOnlyList<double> Deviations => deviations;

    /// <summary>E[x_0 | x_t]: the modes' own answers, weighted by how likely each is for x_t.</summary>
    /// <param name="x">N of 2 numbers.</param>
    /// <param name="alphaBar">alpha-bar of x.</param>
    public Batch OriginalSample(Batch x, double alphaBar)
    {
        var signal = Math.Sqrt(alphaBar);
        double[] gains = [.. deviations.Select((deviation, k) => signal * deviation * deviation / Variance(k, alphaBar))];
        return Batch.Create(x.Count, 2, (image, expected) =>
        {
            var (first, second) = (x[image][0], x[image][1]);
            Span<double> shares = stackalloc double[weights.Length];
            Joint(first, second, alphaBar, shares);
            TensorPrimitives.SoftMax<double>(shares, shares);
            for (var k = 0; k < weights.Length; k++)
            {
                expected[0] += shares[k] * (means[k].X + (gains[k] * (first - (signal * means[k].X))));
                expected[1] += shares[k] * (means[k].Y + (gains[k] * (second - (signal * means[k].Y))));
            }
        });
    }

    /// <summary>The logarithm of the density of x_t.</summary>
    public double LogDensity(double first, double second, double alphaBar)
    {
        Span<double> joint = stackalloc double[weights.Length];
        Joint(first, second, alphaBar, joint);
        var largest = TensorPrimitives.Max<double>(joint);
        var sum = 0.0;
        foreach (var value in joint)
        {
            sum += Math.Exp(value - largest);
        }

        return largest + Math.Log(sum);
    }

    /// <summary>The share of clean data whose number on an axis is below a value.</summary>
    public double Distribution(double value, int axis) => weights.Select(
        (weight, k) => weight * NormalDistribution.Below((value - (axis == 0 ? means[k].X : means[k].Y)) / deviations[k])).Sum();

    /// <summary>How likely each mode is for data whose first number is known.</summary>
    public double[] ModesGivenFirst(double first)
    {
        var joint =
            weights.Select(
                (weight, k) => weight / deviations[k] * Math.Exp(-Math.Pow((first - means[k].X) / deviations[k], 2) / 2)).ToArray();
        return [.. joint.Select(value => value / joint.Sum())];
    }

    /// <summary>Draws data: as many of each mode as its weight says, so that this chance plays no part.</summary>
    /// <returns>N of 2 numbers.</returns>
    public Batch Draw(int count, NoiseSource noise)
    {
        var (data, first) = (noise.Next(count, 2), 0);
        for (var k = 0; k < weights.Length; k++)
        {
            var last = k + 1 < weights.Length ? first + (int)Math.Round(weights[k] * count) : count;
            for (; first < last; first++)
            {
                data[first][0] = means[k].X + (deviations[k] * data[first][0]);
                data[first][1] = means[k].Y + (deviations[k] * data[first][1]);
            }
        }

        return data;
    }

    // log of weight times density of x_t, for each mode.
    private void Joint(double first, double second, double alphaBar, Span<double> joint)
    {
        var signal = Math.Sqrt(alphaBar);
        for (var k = 0; k < joint.Length; k++)
        {
            var (x, y, variance) = (first - (signal * means[k].X), second - (signal * means[k].Y), Variance(k, alphaBar));
            joint[k] = Math.Log(weights[k] / (2 * Math.PI * variance)) - (((x * x) + (y * y)) / (2 * variance));
        }
    }

    private double Variance(int k, double alphaBar) => (alphaBar * deviations[k] * deviations[k]) + 1 - alphaBar;
}
