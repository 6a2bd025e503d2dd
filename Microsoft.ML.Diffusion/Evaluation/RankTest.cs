namespace Microsoft.ML.Diffusion.Evaluation;

/// <summary>
/// How many of a sample lie below a low one of another's values, if both are of one distribution: exact, whatever the distribution (Wilks 1941; negative
/// hypergeometric). So the few images of a small baseline do not make a threshold look surer than it is.
/// </summary>
internal static class RankTest
{
    /// <summary>The probability that at least <paramref name="below"/> of n values lie below the r-th smallest of m others.</summary>
    /// <param name="below">The number found, 0..n.</param>
    /// <param name="count">n.</param>
    /// <param name="rank">r, 1..m.</param>
    /// <param name="others">m.</param>
    public static double Probability(int below, int count, int rank, int others)
    {
        var logarithm = 0.0; // of the probability of none below: of m + n values in order, the first r are all of the m
        for (var i = 0; i < rank; i++)
        {
            logarithm += Math.Log((others - i) / (double)(others + count - i));
        }

        var sum = 0.0;
        for (var c = 0; c <= count; c++)
        {
            sum += c >= below ? Math.Exp(logarithm) : 0;
            logarithm += Math.Log((c + rank) / (c + 1.0) * (count - c) / (count - c + others - rank));
        }

        return Math.Min(1, sum);
    }
}
