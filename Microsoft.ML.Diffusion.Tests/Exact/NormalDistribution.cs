namespace Microsoft.ML.Diffusion.Tests.Exact;

/// <summary>The distribution function of the standard normal distribution.</summary>
internal static class NormalDistribution
{
    /// <summary>The probability of a value below x, to 1e-14.</summary>
    public static double Below(double x)
    {
        if (Math.Abs(x) > 8)
        {
            return x > 0 ? 1 : 0;
        }

        // 1/2 + phi(x) (x + x^3 / 3 + x^5 / (3 5) + ...): derived again, it is phi, and at 0 it is 1/2.
        var (term, sum) = (x, 0.0);
        for (var i = 3; sum + term != sum; i += 2)
        {
            sum += term;
            term *= x * x / i;
        }

        return 0.5 + (sum * Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI));
    }
}
