using System.Numerics.Tensors;
using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Schedules;

namespace Microsoft.ML.Diffusion.Evaluation;

/// <summary>
/// The density that the probability flow gives to data (Song et al. 2021, score-based generative modeling, section 4.3): along dz / d log sigma = z - x_0(z)
/// the logarithm of the density falls by the divergence, the number of dimensions less the trace of the Jacobian of x_0.
/// </summary>
/// <remarks>
/// z = x / sqrt(alpha-bar). The trace is that of v v^T J for probes v of -1 and 1 (Hutchinson), whose mean it is, or the sum along the axes; J v is the
/// difference of two predictions, whose mean stands for that between them. The classic method of fourth order takes even steps in log sigma, from the
/// schedule's lowest level, which data are taken to have, to its highest, where the mean of the data tells nothing any more.
/// </remarks>
/// <param name="denoiser">The network, without clipping.</param>
/// <param name="levels">The noise levels of its schedule.</param>
/// <param name="steps">Four evaluations each.</param>
internal sealed class FlowLikelihood(Denoiser denoiser, LevelTable levels, int steps)
{
    /// <summary>Evaluations of a step.</summary>
    public const int Stages = 4;

    // Half the distance of the two predictions, in units of the noise: shorter loses digits of single precision, longer sees curvature.
    private const double Reach = 0.01;

    /// <summary>The logarithm of the density of each point, in nats.</summary>
    /// <param name="data">Points at the lowest noise level.</param>
    /// <param name="probes">The probes of all points; null for the exact trace, by one along each axis.</param>
    /// <param name="beforeEvaluation">Called before each evaluation.</param>
    public double[] LogDensities(Batch data, IReadOnlyList<Batch>? probes, Action? beforeEvaluation = null)
    {
        var (lowest, highest) = (levels.Lowest, levels.Highest);
        var length = Math.Log(highest / lowest) / steps;
        var (z, gained) = (data, new double[data.Count]);
        for (var i = 0; i < steps; i++)
        {
            var sigma = lowest * Math.Exp(i * length);
            var first = At(z, sigma);
            var second = At(Moved(length / 2, first), sigma * Math.Exp(length / 2));
            var third = At(Moved(length / 2, second), sigma * Math.Exp(length / 2));
            var fourth = At(Moved(length, third), sigma * Math.Exp(length));
            z = Batch.Sum(
                (1, z),
                (length / 6, first.Slope),
                (length / 3, second.Slope),
                (length / 3, third.Slope),
                (length / 6, fourth.Slope));
            for (var image = 0; image < gained.Length; image++)
            {
                gained[image] += length / 6 * (first.Divergence[image]
                    + (2 * (second.Divergence[image] + third.Divergence[image]))
                    + fourth.Divergence[image]);
            }
        }

        var alphaBar = 1 / (1 + (highest * highest));
        return [.. gained.Select((value, image) => value + LogNormal(z[image], alphaBar))];

        Batch Moved(double by, (Batch Slope, double[] Divergence) along) => Batch.Sum((1, z), (by, along.Slope));

        (Batch Slope, double[] Divergence) At(Batch at, double sigma)
        {
            beforeEvaluation?.Invoke();
            return Evaluate(at, sigma, probes);
        }
    }

    // dz / d log sigma, and its divergence at each point.
    private (Batch Slope, double[] Divergence) Evaluate(Batch z, double sigma, IReadOnlyList<Batch>? probes)
    {
        var (alphaBar, reach) = (1 / (1 + (sigma * sigma)), Reach * sigma);
        var (traces, sum, count) = (new double[z.Count], new Batch(z.Count, z.Length), probes?.Count ?? z.Length);
        for (var i = 0; i < count; i++)
        {
            var probe = probes?[i] ?? Axis(z, i);
            var (above, below) = (Predicted(reach), Predicted(-reach));
            sum = Batch.Sum((1, sum), (0.5 / count, above), (0.5 / count, below));
            var difference = Batch.Quotient(2 * reach, (1, above), (-1, below));
            for (var image = 0; image < traces.Length; image++)
            {
                traces[image] += TensorPrimitives.Dot<double>(probe[image], difference[image]) / (probes?.Count ?? 1);
            }

            Batch Predicted(double by) => denoiser.Denoise(
                Batch.Sum((Math.Sqrt(alphaBar), z), (Math.Sqrt(alphaBar) * by, probe)),
                levels.Timestep(sigma),
                alphaBar).OriginalSample;
        }

        return (Batch.Sum((1, z), (-1, sum)), Array.ConvertAll(traces, trace => z.Length - trace));
    }

    private static Batch Axis(Batch like, int axis) => Batch.Create(like.Count, like.Length, (_, probe) => probe[axis] = 1);

    // Of z where x = sqrt(alpha-bar) z is standard normal, as runs begin.
    private static double LogNormal(ReadOnlySpan<double> z, double alphaBar) =>
        (-0.5 * alphaBar * TensorPrimitives.SumOfSquares(z)) + (0.5 * z.Length * Math.Log(alphaBar / (2 * Math.PI)));
}
