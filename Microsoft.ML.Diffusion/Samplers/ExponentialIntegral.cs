namespace Microsoft.ML.Diffusion.Samplers;

/// <summary>
/// The integral that moves x along the probability flow in lambda = log(sqrt(alpha-bar) / sqrt(1 - alpha-bar)), of predictions x_0 (Lu et al. 2022): x at the
/// end of a step of length h is the ratio of the noises times x, plus sqrt(alpha-bar) there times the integral of e^(u - h) x_0(u) over u = 0..h.
/// </summary>
internal static class ExponentialIntegral
{
    /// <summary>The weight of each of some predictions, if x_0 is the polynomial through them.</summary>
    /// <param name="length">h, above 0.</param>
    /// <param name="nodes">Where each prediction was made, in units of h from the start of the step; all different.</param>
    public static double[] Weights(double length, ReadOnlySpan<double> nodes)
    {
        var (weights, coefficients) = (new double[nodes.Length], new double[nodes.Length]);
        for (var j = 0; j < nodes.Length; j++)
        {
            // The polynomial that is 1 at node j and 0 at the others, factor by factor.
            Array.Clear(coefficients);
            (coefficients[0], var degree) = (1, 0);
            for (var i = 0; i < nodes.Length; i++)
            {
                if (i == j)
                {
                    continue;
                }

                for (var power = ++degree; power > 0; power--)
                {
                    coefficients[power] = (coefficients[power - 1] - (nodes[i] * coefficients[power])) / (nodes[j] - nodes[i]);
                }

                coefficients[0] *= -nodes[i] / (nodes[j] - nodes[i]);
            }

            for (var power = 0; power < nodes.Length; power++)
            {
                weights[j] += coefficients[power] * Moment(length, power);
            }
        }

        return weights;
    }

    /// <summary>The integral of e^(u - h) (u / h)^power over u = 0..h.</summary>
    /// <remarks>By the series of the exponential, all of whose terms are positive: the closed form loses its digits in short steps.</remarks>
    public static double Moment(double length, int power)
    {
        var (term, sum) = (length * Math.Exp(-length), 0.0);
        for (var n = 0; n <= length || term / (n + power + 1) > 1e-17 * sum; n++)
        {
            sum += term / (n + power + 1);
            term *= length / (n + 1);
        }

        return sum;
    }
}
