using Microsoft.ML.Diffusion.DiffusionProcess;
using static TorchSharp.torch;

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
    /// <param name="x">[N, 2, 1, 1] in double.</param>
    /// <param name="alphaBar">alpha-bar of x.</param>
    public Tensor OriginalSample(Tensor x, double alphaBar)
    {
        using var scope = NewDisposeScope();
        var (signal, responsibilities) = (Math.Sqrt(alphaBar), LogJoint(x, alphaBar).softmax(0));
        var sum = zeros_like(x);
        for (var k = 0; k < weights.Length; k++)
        {
            var (mean, gain) = (Mean(k, x), signal * deviations[k] * deviations[k] / Variance(k, alphaBar));
            sum += responsibilities[k] * (mean + (gain * (x - (signal * mean))));
        }

        return sum.MoveToOuterDisposeScope();
    }

    /// <summary>The logarithm of the density of x_t, [N, 1, 1, 1].</summary>
    public Tensor LogDensity(Tensor x, double alphaBar)
    {
        using var scope = NewDisposeScope();
        return LogJoint(x, alphaBar).logsumexp(0).MoveToOuterDisposeScope();
    }

    /// <summary>The share of clean data whose number on an axis is below each value of a tensor, [N] in double.</summary>
    public Tensor Distribution(Tensor values, int axis)
    {
        using var scope = NewDisposeScope();
        var sum = zeros_like(values);
        for (var k = 0; k < weights.Length; k++)
        {
            sum += weights[k] * special.ndtr((values - (axis == 0 ? means[k].X : means[k].Y)) / deviations[k]);
        }

        return sum.MoveToOuterDisposeScope();
    }

    /// <summary>How likely each mode is for data whose first number is known.</summary>
    public double[] ModesGivenFirst(double first)
    {
        var joint =
            weights.Select(
                (weight, k) => weight / deviations[k] * Math.Exp(-Math.Pow((first - means[k].X) / deviations[k], 2) / 2)).ToArray();
        return [.. joint.Select(value => value / joint.Sum())];
    }

    /// <summary>Draws data: as many of each mode as its weight says, so that this chance plays no part.</summary>
    /// <returns>[N, 2, 1, 1] in double.</returns>
    public Tensor Draw(int count, NoiseSource noise)
    {
        using var scope = NewDisposeScope();
        var data = noise.Next(zeros(count, 2, 1, 1, ScalarType.Float64));
        var first = 0;
        for (var k = 0; k < weights.Length; k++)
        {
            var last = k + 1 < weights.Length ? first + (int)Math.Round(weights[k] * count) : count;
            var mode = data.narrow(0, first, last - first);
            mode.mul_(deviations[k]).add_(Mean(k, data));
            first = last;
        }

        return data.MoveToOuterDisposeScope();
    }

    // log of weight times density of x_t, for each mode: [modes, N, 1, 1, 1].
    private Tensor LogJoint(Tensor x, double alphaBar) => stack([.. weights.Select((weight, k) =>
        Math.Log(weight) - Math.Log(2 * Math.PI * Variance(k, alphaBar)) - ((x - (Math.Sqrt(alphaBar) * Mean(k, x))).square()
            .sum(1, keepdim: true) / (2 * Variance(k, alphaBar))))]);

    private double Variance(int k, double alphaBar) => (alphaBar * deviations[k] * deviations[k]) + 1 - alphaBar;

    private Tensor Mean(int k, Tensor like) => tensor(new[] { means[k].X, means[k].Y }, like.dtype, like.device).reshape(1, 2, 1, 1);
}
