using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Evaluation;

/// <summary>The Frechet distance of two normal distributions (Dowson and Landau 1982): |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)).</summary>
internal static class FrechetDistance
{
    private const double RoundingUnit = 2.220446049250313e-16; // 2^-52

    /// <summary>The squared distance, as is usual.</summary>
    /// <param name="mean1">[D] in double.</param>
    /// <param name="covariance1">[D, D] in double, of any rank.</param>
    /// <param name="mean2">As <paramref name="mean1"/>.</param>
    /// <param name="covariance2">As <paramref name="covariance1"/>.</param>
    public static double Between(Tensor mean1, Tensor covariance1, Tensor mean2, Tensor covariance2)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();

        // With S = F F^T the trace of the root is the sum of the singular values of F1^T F2, which are exact to rounding where the roots of
        // eigenvalues of S1 S2 that should be 0 are not.
        var traceOfRoot =
            Factor(covariance1).t().mm(Factor(covariance2)) is { } product && product.numel() > 0
                ? linalg.svdvals(product).sum().item<double>()
                : 0;
        var distance = (mean1 - mean2).Power(2).sum().Plus(covariance1.trace()).Plus(covariance2.trace());
        return Math.Max(0, distance.item<double>() - (2 * traceOfRoot)); // rounding can dip below 0 for equal sets
    }

    // F [D, rank] with F F^T = S: eigenvectors times roots of eigenvalues, without those that rounding alone tells from 0.
    private static Tensor Factor(Tensor covariance)
    {
        var (values, vectors) = linalg.eigh(covariance);
        var threshold = values.abs().max().Times(covariance.shape[0] * RoundingUnit);
        var kept = (values > threshold).nonzero().flatten();
        return vectors.index_select(1, kept) * values.index_select(0, kept).sqrt();
    }
}
