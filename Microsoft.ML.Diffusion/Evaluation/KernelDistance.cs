using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion;

/// <summary>
/// The unbiased estimate of the squared maximum mean discrepancy with the kernel k(x, y) = (x.y / D + 1)^3 (Binkowski et al. 2018, eq. 4), for
/// any number of subsets of both sets in one pass over the pairs.
/// </summary>
internal static class KernelDistance
{
    private const int TileRows = 512;

    /// <summary>The estimates of subsets.</summary>
    /// <param name="x">[m, D].</param>
    /// <param name="y">[n, D].</param>
    /// <param name="subsetsOfX">[m, S] in double: 1 where a row belongs to a subset, else 0; two rows at least.</param>
    /// <param name="subsetsOfY">[n, S], as <paramref name="subsetsOfX"/>.</param>
    /// <returns>S values.</returns>
    public static double[] Estimate(Tensor x, Tensor y, Tensor subsetsOfX, Tensor subsetsOfY)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var (m, n) = (subsetsOfX.sum([0]), subsetsOfY.sum([0]));
        var withinX = (Sums(x, x, subsetsOfX, subsetsOfX) - DiagonalSums(x, subsetsOfX)) / (m * (m - 1));
        var withinY = (Sums(y, y, subsetsOfY, subsetsOfY) - DiagonalSums(y, subsetsOfY)) / (n * (n - 1));
        var between = Sums(x, y, subsetsOfX, subsetsOfY) / (m * n);
        return (withinX + withinY - (2 * between)).data<double>().ToArray();
    }

    /// <summary>The estimate of both sets, and its standard error: the spread over random halves (delete-half jackknife).</summary>
    public static (double Value, double StandardError) Of(Tensor x, Tensor y, int subsets, long seed)
    {
        using var scope = NewDisposeScope();
        var all = Estimate(x, y, WithHalves(x.shape[0], subsets, seed, draw: 0), WithHalves(y.shape[0], subsets, seed, draw: 1));
        var halves = all[1..];
        var mean = halves.Average();
        return (all[0], Math.Sqrt(halves.Sum(value => (value - mean) * (value - mean)) / (halves.Length - 1)));
    }

    // [rows, 1 + subsets]: the whole set, then random halves of it.
    private static Tensor WithHalves(long rows, int subsets, long seed, int draw)
    {
        var numbers = new RandomNumbers(RandomStream.Halves, seed);
        var keys = new ulong[rows];
        var columns = new double[subsets + 1][];
        columns[0] = [.. Enumerable.Repeat(1.0, (int)rows)];
        for (var subset = 1; subset <= subsets; subset++)
        {
            numbers.LongWords(subset, draw, keys);
            columns[subset] = new double[rows];
            foreach (var row in Enumerable.Range(0, (int)rows).OrderBy(row => keys[row]).Take((int)rows / 2))
            {
                columns[subset][row] = 1;
            }
        }

        return tensor(columns.SelectMany(column => column).ToArray(), [subsets + 1, rows]).t();
    }

    // For each subset the sum of k over its pairs, [S].
    private static Tensor Sums(Tensor x, Tensor y, Tensor subsetsOfX, Tensor subsetsOfY)
    {
        var sums = zeros(subsetsOfX.shape[1], ScalarType.Float64);
        var columns = y.to(ScalarType.Float64).t();
        for (long first = 0; first < x.shape[0]; first += TileRows)
        {
            using var scope = NewDisposeScope();
            var rows = Math.Min(TileRows, x.shape[0] - first);
            var kernel = Kernel(x.narrow(0, first, rows).to(ScalarType.Float64).mm(columns), x.shape[1]);
            sums.add_((subsetsOfX.narrow(0, first, rows) * kernel.mm(subsetsOfY)).sum([0]));
        }

        return sums;
    }

    private static Tensor DiagonalSums(Tensor x, Tensor subsets) =>
        (subsets * Kernel(x.to(ScalarType.Float64).square().sum([1], keepdim: true), x.shape[1])).sum([0]);

    private static Tensor Kernel(Tensor products, long features) => (products / features).add_(1).pow_(3);
}
