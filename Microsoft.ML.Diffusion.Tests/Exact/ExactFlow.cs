using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Tests.Exact;

/// <summary>Solutions of the probability flow of a mixture, as good as exact: the classic method of fourth order in log sigma, in many steps.</summary>
/// <remarks>With z = x / sqrt(alpha-bar), dz / d log sigma = z - E[x_0 | x] (Karras et al. 2022).</remarks>
internal static class ExactFlow
{
    /// <summary>Moves x along the flow from one noise level to another, up or down.</summary>
    /// <param name="mixture">The data.</param>
    /// <param name="x">x at the first level, N of 2 numbers.</param>
    /// <param name="from">sigma of the first level, above 0.</param>
    /// <param name="to">sigma of the last level, above 0.</param>
    /// <param name="steps">Four evaluations each.</param>
    public static Batch Follow(GaussianMixture mixture, Batch x, double from, double to, int steps = 400)
    {
        var length = Math.Log(to / from) / steps;
        var z = Batch.Sum((Math.Sqrt(1 + (from * from)), x));
        for (var i = 0; i < steps; i++)
        {
            var sigma = from * Math.Exp(i * length);
            var k1 = Slope(z, 0);
            var k2 = Slope(Batch.Sum((1, z), (length / 2, k1)), length / 2);
            var k3 = Slope(Batch.Sum((1, z), (length / 2, k2)), length / 2);
            var k4 = Slope(Batch.Sum((1, z), (length, k3)), length);
            z = Batch.Sum((1, z), (length / 6, k1), (length / 3, k2), (length / 3, k3), (length / 6, k4));

            Batch Slope(Batch at, double ahead)
            {
                var level = sigma * Math.Exp(ahead);
                var alphaBar = 1 / (1 + (level * level));
                return Batch.Sum((1, at), (-1, mixture.OriginalSample(Batch.Sum((Math.Sqrt(alphaBar), at)), alphaBar)));
            }
        }

        return Batch.Quotient(Math.Sqrt(1 + (to * to)), (1, z));
    }
}
