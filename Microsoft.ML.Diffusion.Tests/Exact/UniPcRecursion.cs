using Microsoft.ML.Diffusion.Samplers;

namespace Microsoft.ML.Diffusion.Tests.Exact;

/// <summary>
/// UniPC on one normal distribution, where x and all predictions are a multiple of the starting noise plus a constant: written down from the
/// paper (Zhao et al. 2023, R rho B = phi with B = e^-h - 1 in terms of x_0), with its linear systems, where the library integrates polynomials.
/// </summary>
/// <param name="order">Of the predictor.</param>
/// <param name="prediction">E[x_0 | x] = Gain x + Offset at a noise level.</param>
internal sealed class UniPcRecursion(int order, Func<double, (double Gain, double Offset)> prediction)
{
    private readonly record struct Line(double OfNoise, double Constant)
    {
        public static Line operator +(Line a, Line b) => new(a.OfNoise + b.OfNoise, a.Constant + b.Constant);

        public static Line operator -(Line a, Line b) => a + (-1 * b);

        public static Line operator *(double factor, Line line) => new(factor * line.OfNoise, factor * line.Constant);
    }

    /// <summary>Mean and standard deviation after a run from standard normal noise.</summary>
    public (double Mean, double Deviation) After(IReadOnlyList<SamplingStep> steps)
    {
        var predictions = new List<(double Lambda, Line X0)>(); // the latest first
        var (x, start) = (new Line(1, 0), default(Line));
        for (var i = 0; i < steps.Count; i++)
        {
            var (gain, offset) = prediction(steps[i].AlphaBar);
            var x0 = (gain * x) + new Line(0, offset);
            if (i > 0)
            {
                x = Step(start, predictions, steps[i - 1], Math.Min(order, Math.Min(i, steps.Count - i + 1)), x0);
            }

            predictions.Insert(0, (Lambda(steps[i].AlphaBar), x0));
            (start, x) = (x, Step(x, predictions, steps[i], Math.Min(order, Math.Min(i + 1, steps.Count - i)), null));
        }

        return (x.Constant, Math.Abs(x.OfNoise));
    }

    // From the first of the predictions; the corrector's has one more, at the end of the step.
    private static Line Step(Line x, List<(double Lambda, Line X0)> predictions, SamplingStep step, int order, Line? atEnd)
    {
        if (step.AlphaBarPrevious == 1)
        {
            return predictions[0].X0;
        }

        var (lambda, x0) = predictions[0];
        var h = Lambda(step.AlphaBarPrevious) - lambda;
        var nodes = predictions.Skip(1).Take(order - 1).Select(one => (R: (one.Lambda - lambda) / h, one.X0)).ToList();
        if (atEnd is { } last)
        {
            nodes.Add((1, last));
        }

        var b = Math.Exp(-h) - 1;
        double[] rho = nodes.Count == 1 && order < 3 && (atEnd is null || order == 1) ? [0.5] : Solved([.. nodes.Select(node => node.R)], h, b);
        var sum = nodes.Select((node, i) => rho[i] / node.R * (node.X0 - x0)).Aggregate(default(Line), (total, term) => total + term);
        var alpha = Math.Sqrt(step.AlphaBarPrevious);
        return (Math.Sqrt((1 - step.AlphaBarPrevious) / (1 - step.AlphaBar)) * x) - (alpha * b * x0) - (alpha * b * sum);
    }

    // sum_i rho_i r_i^(k-1) = k! phi_(k+1)(-h) (-h) / b for k = 1..n, by Gauss.
    private static double[] Solved(double[] r, double h, double b)
    {
        var (n, right, phi, factorial) = (r.Length, new double[r.Length], (Math.Exp(-h) - 1) / -h, 1.0);
        var rows = new double[n][];
        for (var k = 0; k < n; k++)
        {
            factorial *= k + 1;
            phi = (phi - (1 / factorial)) / -h;
            right[k] = factorial * phi * -h / b;
            rows[k] = [.. r.Select(value => Math.Pow(value, k))];
        }

        for (var pivot = 0; pivot < n; pivot++)
        {
            for (var row = 0; row < n; row++)
            {
                if (row != pivot)
                {
                    var factor = rows[row][pivot] / rows[pivot][pivot];
                    right[row] -= factor * right[pivot];
                    rows[row] = [.. rows[row].Zip(rows[pivot], (own, other) => own - (factor * other))];
                }
            }
        }

        return [.. right.Select((value, k) => value / rows[k][k])];
    }

    private static double Lambda(double alphaBar) => Math.Log(Math.Sqrt(alphaBar / (1 - alphaBar)));
}
