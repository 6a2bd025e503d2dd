using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samplers;

namespace Microsoft.ML.Diffusion.Generation;

/// <summary>
/// The cheapest ways down a grid of noise levels in a given number of steps, by dynamic programming over the cost of each pair of levels (Watson et al.
/// 2021): how far one step of DDIM between them leaves the accurate flow.
/// </summary>
internal sealed class StepPaths
{
    private readonly double[,] _errors;
    private readonly double[] _alphaBars;

    /// <param name="steps">The run over the whole grid.</param>
    /// <param name="x">x at each of its levels, and at the end.</param>
    /// <param name="x0">The x_0 predicted at each level.</param>
    public StepPaths(IReadOnlyList<SamplingStep> steps, IReadOnlyList<Batch> x, IReadOnlyList<Batch> x0)
    {
        _alphaBars = [.. steps.Select(step => step.AlphaBar), steps[^1].AlphaBarPrevious];
        _errors = new double[steps.Count, steps.Count + 1];
        for (var from = 0; from < steps.Count; from++)
        {
            for (var to = from + 1; to <= steps.Count; to++)
            {
                _errors[from, to] = MeanSquare(x[to], Step(x[from], x0[from], _alphaBars[from], _alphaBars[to]));
            }
        }
    }

    /// <summary>Finds ways that differ in what they count: errors of x or of x / sqrt(alpha-bar), their roots of the mean square or the mean squares.</summary>
    /// <param name="steps">The number of steps, at most that of the grid.</param>
    /// <returns>For each, the levels to step from, the noisiest first: that of the grid.</returns>
    public IEnumerable<int[]> Find(int steps)
    {
        yield return Cheapest(steps, (from, to) => Math.Sqrt(_errors[from, to]));
        yield return Cheapest(steps, (from, to) => _errors[from, to]);
        yield return Cheapest(steps, (from, to) => Math.Sqrt(_errors[from, to] / _alphaBars[to]));
        yield return Cheapest(steps, (from, to) => _errors[from, to] / _alphaBars[to]);
    }

    private int[] Cheapest(int steps, Func<int, int, double> cost)
    {
        var end = _alphaBars.Length - 1;
        var (least, before) = (new double[end + 1], new int[steps, end + 1]);
        Array.Fill(least, double.PositiveInfinity);
        least[0] = 0;
        for (var step = 0; step < steps; step++)
        {
            var next = new double[end + 1];
            Array.Fill(next, double.PositiveInfinity);
            for (var to = step + 1; to <= end; to++)
            {
                for (var from = step; from < to; from++)
                {
                    var total = least[from] + cost(from, to);
                    if (total < next[to])
                    {
                        (next[to], before[step, to]) = (total, from);
                    }
                }
            }

            least = next;
        }

        var levels = new int[steps];
        for (var (step, at) = (steps - 1, end); step >= 0; step--)
        {
            levels[step] = at = before[step, at];
        }

        return levels;
    }

    private static Batch Step(Batch x, Batch x0, double alphaBar, double alphaBarNext) =>
        ProbabilityFlow.Euler(new ImageBatch(x), new ImageBatch(x0), alphaBar, alphaBarNext).Values;

    /// <summary>The mean of the squared differences of all numbers.</summary>
    public static double MeanSquare(Batch first, Batch second)
    {
        var sum = 0.0;
        for (var i = 0; i < first.Values.Length; i++)
        {
            var difference = first.Values[i] - second.Values[i];
            sum += difference * difference;
        }

        return sum / first.Values.Length;
    }
}
