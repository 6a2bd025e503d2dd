using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Exact;

/// <summary>Solutions of the probability flow of a mixture, as good as exact: the classic method of fourth order in log sigma, in many steps.</summary>
/// <remarks>With z = x / sqrt(alpha-bar), dz / d log sigma = z - E[x_0 | x] (Karras et al. 2022).</remarks>
internal static class ExactFlow
{
    /// <summary>Moves x along the flow from one noise level to another, up or down.</summary>
    /// <param name="mixture">The data.</param>
    /// <param name="x">x at the first level, [N, 2, 1, 1] in double.</param>
    /// <param name="from">sigma of the first level, above 0.</param>
    /// <param name="to">sigma of the last level, above 0.</param>
    /// <param name="steps">Four evaluations each.</param>
    public static Tensor Follow(GaussianMixture mixture, Tensor x, double from, double to, int steps = 400)
    {
        using var scope = NewDisposeScope();
        var length = Math.Log(to / from) / steps;
        var z = x * Math.Sqrt(1 + (from * from));
        for (var i = 0; i < steps; i++)
        {
            using var stepScope = NewDisposeScope();
            var sigma = from * Math.Exp(i * length);
            var k1 = Slope(z, 0);
            var k2 = Slope(z + (length / 2 * k1), length / 2);
            var k3 = Slope(z + (length / 2 * k2), length / 2);
            var k4 = Slope(z + (length * k3), length);
            z = (z + (length / 6 * (k1 + (2 * k2) + (2 * k3) + k4))).MoveToOuterDisposeScope();

            Tensor Slope(Tensor at, double ahead)
            {
                var level = sigma * Math.Exp(ahead);
                var alphaBar = 1 / (1 + (level * level));
                return at - mixture.OriginalSample(at * Math.Sqrt(alphaBar), alphaBar);
            }
        }

        return (z / Math.Sqrt(1 + (to * to))).MoveToOuterDisposeScope();
    }
}
