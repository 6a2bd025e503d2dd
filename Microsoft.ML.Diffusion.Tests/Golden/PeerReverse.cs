using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Tests.Golden;

/// <summary>p(x_{t-1} | x_t) of an image, number by number.</summary>
internal sealed record PeerStep(double[] Mean, double[] LogVariance, double[] LogVarianceRatio, double[] Original);

/// <summary>
/// The reverse step of a loss file. Prediction of x_{t-1} and an unrestricted learned variance, which the product has not, are put in place
/// of the product's mean and variance here.
/// </summary>
internal sealed class PeerReverse(LossFile file)
{
    private readonly bool _predictsPrevious = file.MeanType == "xprev";
    private readonly bool _learnsFreely = file.VarianceType == "learned";

    public GaussianDiffusion Diffusion { get; } = new(file.Schedule, file.MeanType switch
    {
        "eps" => PredictionType.Epsilon,
        "x0" or "xprev" => PredictionType.Sample,
        var type => throw new NotSupportedException($"{file.File}: the mean '{type}' is not known."),
    });

    public DdpmVariance Variance { get; } = file.VarianceType switch
    {
        "fixed_small" or "learned" => DdpmVariance.FixedSmall,
        "fixed_large" => DdpmVariance.FixedLarge,
        "learned_range" => DdpmVariance.Learned,
        var type => throw new NotSupportedException($"{file.File}: the variance '{type}' is not known."),
    };

    /// <summary>Whether the product computes the file's losses all by itself.</summary>
    public bool IsOwn => !_predictsPrevious && !_learnsFreely;

    /// <summary>Whether all numbers of an image have one variance.</summary>
    public bool IsFixed => !_learnsFreely && Variance != DdpmVariance.Learned;

    public PeerStep Step(double[] xt, double[] output, int timestep, Clipping clipping)
    {
        var step = new ReverseProcess(Diffusion, Variance).At(timestep);
        var numbers = Enumerable.Range(0, xt.Length).ToArray();
        var original = clipping.Apply(
            new Batch([.. numbers.Select(i => _predictsPrevious ? OriginalOf(output[i], xt[i], step) : step.Original(xt[i], output[i]))], 1)).Values;
        double[] logVariance =
            [.. numbers.Select(i => _learnsFreely ? output[xt.Length + i] : step.LogVariance(step.Interpolation(output, i)))];
        return new PeerStep(
            [.. numbers.Select(i => _predictsPrevious ? output[i] : step.Mean(original[i], xt[i]))],
            logVariance,
            [.. numbers.Select(i => _learnsFreely ? step.LogSmall - logVariance[i] : step.LogVarianceRatio(step.Interpolation(output, i)))],
            original);
    }

    /// <summary>The term of the bound. What is known of x_{t-1} itself is judged unclipped.</summary>
    public double Bits(double[] x0, double[] xt, double[] output, int timestep, Clipping clipping)
    {
        var step = Step(xt, output, timestep, _predictsPrevious ? Clipping.None : clipping);
        var own = new ReverseProcess(Diffusion, Variance).At(timestep);
        return IsOwn
            ? VariationalBound.Term(own, x0, xt, step.Original, output)
            : VariationalBound.BitsPerDimension(x0.Select((_, i) => Nats(i).Value).Sum(), x0.Length);

        NormalTerm Nats(int i) => timestep == 0
            ? DiscretizedGaussian.NegativeLogLikelihood(x0[i], step.Mean[i], step.LogVariance[i])
            : VariationalBound.Divergence(own.MeanOfOriginal * (x0[i] - step.Original[i]), step.LogVarianceRatio[i], step.LogVariance[i]);
    }

    /// <summary>The mean squared error of an unusual model.</summary>
    public double SquaredError(double[] x0, double[] noise, double[] xt, double[] output, int timestep)
    {
        var target = _predictsPrevious
            ? Diffusion.Posterior(timestep).Mean<double>(x0, xt)
            : Diffusion.Target<double>(x0, noise, timestep);
        return target.Select((wanted, i) => (wanted - output[i]) * (wanted - output[i])).Average();
    }

    private static double OriginalOf(double previous, double xt, ReverseStep step) =>
        (previous - (step.MeanOfNoisy * xt)) / step.MeanOfOriginal;
}
