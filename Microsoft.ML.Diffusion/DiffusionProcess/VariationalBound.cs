namespace Microsoft.ML.Diffusion.DiffusionProcess;

/// <summary>
/// The bound on the negative log-likelihood of data, L_vlb = L_T + sum of L_{t-1} + L_0 (Ho et al. 2020, eq. 5), term by term. Of an image it is given
/// in bits per dimension: divided by log 2 and by the number of pixel values.
/// </summary>
internal static class VariationalBound
{
    private const double SmallRatio = 0.03;
    private const double ModerateRatio = 1;

    // Of x^n / n!, n = 7, 6, 5, 4, 3: what follows is below 1e-13 of exp(x) - 1 - x for a small ratio.
    private static readonly double[] _series = [1 / 5040.0, 1 / 720.0, 1 / 120.0, 1 / 24.0, 1 / 6.0];

    /// <summary>The term of one timestep, of an image.</summary>
    /// <param name="step">The model's step from there.</param>
    /// <param name="x0">The image, [C, H, W] in [-1, 1] on the 256 levels.</param>
    /// <param name="noisy">The image noised to the timestep.</param>
    /// <param name="original">The x_0 that the network predicts, clipping applied.</param>
    /// <param name="output">The network's output, whose second half holds the variance if that is learned.</param>
    /// <returns>In bits per dimension.</returns>
    public static double Term(
        ReverseStep step,
        ReadOnlySpan<double> x0,
        ReadOnlySpan<double> noisy,
        ReadOnlySpan<double> original,
        ReadOnlySpan<double> output)
    {
        var nats = 0.0;
        for (var i = 0; i < x0.Length; i++)
        {
            nats += Pixel(step, x0[i], noisy[i], original[i], step.Interpolation(output, i)).Value;
        }

        return BitsPerDimension(nats, x0.Length);
    }

    /// <summary>
    /// The term of a pixel: for t &gt; 0 the divergence of the model's step from the true posterior, and at t = 0 the decoder's negative
    /// log-likelihood of the pixel.
    /// </summary>
    /// <param name="step">The model's step.</param>
    /// <param name="x0">The pixel of the image.</param>
    /// <param name="noisy">That of x_t.</param>
    /// <param name="original">That of the predicted x_0, clipping applied.</param>
    /// <param name="interpolation">Where its variance lies.</param>
    public static NormalTerm Pixel(ReverseStep step, double x0, double noisy, double original, double interpolation)
    {
        var logVariance = step.LogVariance(interpolation);

        // Both means hold the same share of x_t: they differ by that of x_0 alone, which does not cancel where alpha-bar is tiny.
        return step.Timestep == 0
            ? DiscretizedGaussian.NegativeLogLikelihood(x0, step.Mean(original, noisy), logVariance)
            : Divergence(step.MeanOfOriginal * (x0 - original), step.LogVarianceRatio(interpolation), logVariance);
    }

    /// <summary>
    /// L_T: what is left of an image at the last timestep, as the divergence of q(x_T | x_0) from standard normal noise; no network is asked.
    /// </summary>
    /// <returns>In bits per dimension.</returns>
    public static double Prior(GaussianDiffusion diffusion, ReadOnlySpan<double> x0)
    {
        var last = diffusion.Marginal(diffusion.Schedule.NumberOfTrainingTimesteps - 1);
        var (logVariance, nats) = (Math.Log(last.Variance), 0.0);
        foreach (var pixel in x0)
        {
            nats += Divergence(last.OriginalCoefficient * pixel, logVariance, 0).Value;
        }

        return BitsPerDimension(nats, x0.Length);
    }

    /// <summary>KL(N(mean1, e^logVariance1) || N(mean2, e^logVariance2)) of a pixel, and its derivatives with respect to the second mean and log variance.</summary>
    /// <param name="difference">mean1 - mean2.</param>
    /// <param name="logRatio">logVariance1 - logVariance2.</param>
    /// <param name="logVariance">logVariance2.</param>
    public static NormalTerm Divergence(double difference, double logRatio, double logVariance)
    {
        var scaled = difference * Math.Exp(-logVariance);
        return new NormalTerm(
            0.5 * (ExponentialBeyondLinear(logRatio) + (difference * scaled)),
            -scaled,
            -0.5 * (ExponentialBeyondOne(logRatio) + (difference * scaled)));
    }

    /// <summary>What an image of so many numbers costs by its sum over them.</summary>
    public static double BitsPerDimension(double nats, int numbers) => nats / numbers / Math.Log(2);

    // exp(x) - 1 - x, by its series where those terms would cancel.
    private static double ExponentialBeyondLinear(double x)
    {
        if (!(Math.Abs(x) < SmallRatio))
        {
            return ExponentialBeyondOne(x) - x;
        }

        var series = 0.0;
        foreach (var coefficient in _series)
        {
            series = x * (series + coefficient);
        }

        return x * x * (series + 0.5);
    }

    // exp(x) - 1, as 2 sinh(x / 2) exp(x / 2) where those two would cancel.
    private static double ExponentialBeyondOne(double x) =>
        Math.Abs(x) < ModerateRatio ? 2 * Math.Sinh(x / 2) * Math.Exp(x / 2) : Math.Exp(x) - 1;
}
