using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Evaluation;

/// <summary>
/// The unbiased estimate of the squared maximum mean discrepancy with the kernel k(x, y) = (x.y / D + 1)^3 (Binkowski et al. 2018, eq. 4), and of its
/// variance, in one pass over the pairs.
/// </summary>
/// <remarks>
/// The estimate is a U-statistic. For sets of one distribution it is degenerate: the parts of its variance that fall as 1 / n vanish, and what is left falls as
/// 1 / n^2. The spread over subsets of the rows tells only the former (halves report three times the latter), so the variance comes from its formula.
/// </remarks>
internal static class KernelDistance
{
    private const int TileRows = 512;

    /// <summary>The estimate and its standard error.</summary>
    /// <param name="x">[m, D], m at least 4.</param>
    /// <param name="y">[n, D], n at least 4.</param>
    public static (double Value, double StandardError) Of(Tensor x, Tensor y)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var centres = x.mean([0], type: ScalarType.Float64) * y.mean([0], type: ScalarType.Float64);
        var shift = Kernel(centres.sum(), x.shape[1]).Value(); // a constant cancels in the estimate, and would cost digits
        var (ofX, ofY, between) =
            (Pairs(x, x, shift, isWithin: true), Pairs(y, y, shift, isWithin: true), Pairs(x, y, shift, isWithin: false));
        var (m, n) = ((double)x.shape[0], (double)y.shape[0]);
        var value = (ofX.Sum / (m * (m - 1))) + (ofY.Sum / (n * (n - 1))) - (2 * between.Sum / (m * n));
        var (first, second) = KernelVariance.Of(ofX, ofY, between);

        // For sets of one distribution the first part is 0, and its unbiased estimate as often far below as above. Cut off at half of the second
        // part, the square root is right on average; cut off at 0, it would be up to a third too large.
        return (value, Math.Sqrt(Math.Max(0, Math.Max(first + second, second / 2))));
    }

    // What the pairs of two sets add up to; within one set without those of a row and itself.
    private static KernelSums Pairs(Tensor x, Tensor y, double shift, bool isWithin)
    {
        using var scope = NewDisposeScope();
        var columns = y.to(ScalarType.Float64).t();
        var (ofRows, ofColumns, squares) = (zeros(x.shape[0], ScalarType.Float64), zeros(y.shape[0], ScalarType.Float64), 0.0);
        for (long first = 0; first < x.shape[0]; first += TileRows)
        {
            using var tileScope = NewDisposeScope();
            var rows = Math.Min(TileRows, x.shape[0] - first);
            var kernel = Kernel(x.narrow(0, first, rows).to(ScalarType.Float64).mm(columns), x.shape[1]).Minus(shift);
            if (isWithin)
            {
                kernel.narrow(1, first, rows).diagonal().zero_();
            }

            ofRows.narrow(0, first, rows).copy_(kernel.sum([1]));
            ofColumns.Add(kernel.sum([0]));
            squares += kernel.Power(2).sum().Value();
        }

        return new KernelSums(ofRows.data<double>().ToArray(), ofColumns.data<double>().ToArray(), squares);
    }

    private static Tensor Kernel(Tensor products, long features) => products.Over(features).Add(1).Power(3);
}

/// <summary>Sums of the kernel over pairs.</summary>
/// <param name="OfRows">For each element of the first set, over those of the second.</param>
/// <param name="OfColumns">For each element of the second set, over those of the first.</param>
/// <param name="Squares">The sum of the squared kernel, over all pairs.</param>
internal sealed record KernelSums(double[] OfRows, double[] OfColumns, double Squares)
{
    /// <summary>Gets the sum over all pairs.</summary>
    public double Sum => OfRows.Sum();
}
