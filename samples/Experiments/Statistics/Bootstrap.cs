namespace Experiments.Statistics;

/// <summary>
/// The bootstrap (Efron 1979): how an estimate would scatter if its images were drawn anew, from drawing as many of them with replacement.
/// </summary>
/// <param name="resamples">How often they are drawn.</param>
/// <param name="seed">
/// The seed. Draw b of N rows takes the same ones whatever they hold: images that come from the same noise stay together, and the difference of two
/// estimates draw by draw is that of pairs.
/// </param>
/// <param name="classes">
/// Rows 0, C, 2C, ... are of one of C classes, and so on: each is replaced by one of its class. So many images of each were asked for, and their number is no
/// chance that an interval should tell of.
/// </param>
internal sealed class Bootstrap(int resamples, int seed, int classes = 1)
{
    private const double Tail = 0.025;

    /// <summary>The estimate of each draw.</summary>
    /// <param name="count">N, the number of rows.</param>
    /// <param name="statistic">The estimate from rows of these numbers; called by several threads.</param>
    public double[] Replicates(int count, Func<int[], double> statistic)
    {
        var replicates = new double[resamples];
        Parallel.For(0, resamples, draw =>
        {
            var random = new Random(unchecked((seed * 1_000_003) + draw));
            var rows = new int[count];
            for (var i = 0; i < count; i++)
            {
                var first = i % classes;
                rows[i] = first + (classes * random.Next((count - first + classes - 1) / classes));
            }

            replicates[draw] = statistic(rows);
        });
        return replicates;
    }

    /// <summary>The estimate with its interval: the middle 95 % of the draws, moved so that their mean is the estimate.</summary>
    /// <remarks>
    /// A draw holds fewer different rows than the sample. A Frechet distance, which few images bias upward, is biased once more in each: without the move
    /// the interval would lie beside the estimate.
    /// </remarks>
    public static Interval IntervalOf(double estimate, double[] replicates)
    {
        var shift = estimate - replicates.Average();
        return new(Quantile(replicates, Tail) + shift, Quantile(replicates, 1 - Tail) + shift);
    }

    /// <summary>The bias of the estimate that its number of rows causes, as the draws tell it: as much as they are biased against the sample.</summary>
    public static double BiasOf(double estimate, double[] replicates) => replicates.Average() - estimate;

    /// <summary>A quantile, in a straight line between the two values beside it.</summary>
    /// <param name="values">The values, in any order.</param>
    /// <param name="share">0..1: 0.5 is the median.</param>
    public static double Quantile(IReadOnlyList<double> values, double share)
    {
        var ordered = values.Order().ToList();
        var position = share * (ordered.Count - 1);
        var below = Math.Min((int)position, Math.Max(0, ordered.Count - 2));
        return ordered.Count == 1 ? ordered[0] : ordered[below] + ((position - below) * (ordered[below + 1] - ordered[below]));
    }
}
