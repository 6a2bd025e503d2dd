using System.Numerics;

namespace Microsoft.ML.Diffusion;

/// <content>The distributions of the papers, as numbers.</content>
public sealed partial class GaussianDiffusion
{
    /// <summary>Gives q(x_t | x_0), any number of steps at once (Ho et al. 2020, eq. 4).</summary>
    /// <param name="timestep">t, in 0..T-1, or -1 for x_0 itself.</param>
    /// <returns>N(sqrt(alpha-bar_t) x_0, (1 - alpha-bar_t) I).</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timestep"/> is outside its range.</exception>
    public GaussianTransition Marginal(int timestep)
    {
        var alphaBar = AlphaBar(timestep, nameof(timestep), -1);
        return new GaussianTransition(Math.Sqrt(alphaBar), 0, 1 - alphaBar);
    }

    /// <summary>Gives q(x_t | x_{t-1}), one step of the forward process (Ho et al. 2020, eq. 2).</summary>
    /// <param name="timestep">t, in 0..T-1.</param>
    /// <returns>N(sqrt(1 - beta_t) x_{t-1}, beta_t I).</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timestep"/> is outside its range.</exception>
    public GaussianTransition Forward(int timestep)
    {
        _ = AlphaBar(timestep, nameof(timestep), 0);
        return new GaussianTransition(0, Math.Sqrt(Schedule.Alphas[timestep]), Schedule.Betas[timestep]);
    }

    /// <summary>Gives q(x_t | x_s) for s &lt; t, several steps of the forward process at once (Song et al. 2021, eq. 3, over a subset of timesteps).</summary>
    /// <param name="timestep">t, in 0..T-1.</param>
    /// <param name="previousTimestep">s, in -1..t-1; -1 is a clean image.</param>
    /// <returns>N(sqrt(alpha-bar_t / alpha-bar_s) x_s, (1 - alpha-bar_t / alpha-bar_s) I).</returns>
    /// <exception cref="ArgumentOutOfRangeException">A timestep is outside its range.</exception>
    public GaussianTransition Forward(int timestep, int previousTimestep)
    {
        var (alphaBar, alphaBarPrevious) = AlphaBars(timestep, previousTimestep);
        return new GaussianTransition(0, Math.Sqrt(alphaBar / alphaBarPrevious), 1 - (alphaBar / alphaBarPrevious));
    }

    /// <summary>Gives q(x_{t-1} | x_t, x_0), which the network's reverse step is to match (Ho et al. 2020, eq. 6 and 7).</summary>
    /// <param name="timestep">t, in 0..T-1; at 0 it is x_0 itself.</param>
    /// <returns>The shares of x_0 and x_t in the mean, and the variance beta~_t.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timestep"/> is outside its range.</exception>
    public GaussianTransition Posterior(int timestep) => Posterior(timestep, timestep - 1);

    /// <summary>Gives q(x_s | x_t, x_0) for any s &lt; t: the same equation with beta = 1 - alpha-bar_t / alpha-bar_s.</summary>
    /// <param name="timestep">t, in 0..T-1.</param>
    /// <param name="previousTimestep">s, in -1..t-1; -1 is a clean image.</param>
    /// <returns>The shares of x_0 and x_t in the mean, and the variance.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A timestep is outside its range.</exception>
    public GaussianTransition Posterior(int timestep, int previousTimestep)
    {
        var (alphaBar, alphaBarPrevious) = AlphaBars(timestep, previousTimestep);
        var posterior = Schedules.Posterior.Between(alphaBar, alphaBarPrevious);
        return new GaussianTransition(posterior.OriginalCoefficient, posterior.NoisyCoefficient, posterior.Variance);
    }

    /// <summary>Gives mu_theta(x_t, t), the mean of the model's step, from the noise that the network predicts (Ho et al. 2020, eq. 11).</summary>
    /// <typeparam name="T">Single or Double; sums are of doubles, rounded once.</typeparam>
    /// <param name="xt">The values of x_t.</param>
    /// <param name="predictedNoise">The epsilon predicted for each; from other predictions <see cref="ToNoise{T}"/> gives it.</param>
    /// <param name="timestep">t, in 0..T-1.</param>
    /// <param name="previousTimestep">s, in -1..t-1, where the step leads; <see langword="null"/> is t - 1.</param>
    /// <returns>(x_t - beta / sqrt(1 - alpha-bar_t) noise) / sqrt(1 - beta), not finite where no signal is left at t.</returns>
    /// <exception cref="ArgumentException">The numbers of values differ.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A timestep is outside its range.</exception>
    public T[] ReverseMean<T>(ReadOnlySpan<T> xt, ReadOnlySpan<T> predictedNoise, int timestep, int? previousTimestep = null)
        where T : IFloatingPointIeee754<T>
    {
        var (alphaBar, alphaBarPrevious) = AlphaBars(timestep, previousTimestep ?? (timestep - 1));
        var alpha = alphaBar / alphaBarPrevious;
        var (ofSample, ofNoise) = (1 / Math.Sqrt(alpha), (1 - alpha) / Math.Sqrt(1 - alphaBar) / Math.Sqrt(alpha));
        return Combine(xt, predictedNoise, (x, noise) => (ofSample * x) - (ofNoise * noise), nameof(predictedNoise));
    }

    /// <summary>Gives L_{t-1}, the divergence of the model's step from the posterior q(x_{t-1} | x_t, x_0) (Ho et al. 2020, eq. 5 and 8).</summary>
    /// <remarks>
    /// Both means hold the same share of x_t, so x_t plays no part. Divided by log 2 and by the number of values it is in bits per dimension, as
    /// <see cref="LikelihoodMetrics.Terms"/>. L_0, the term of t = 0, is not a divergence.
    /// </remarks>
    /// <typeparam name="T">Single or Double.</typeparam>
    /// <param name="x0">The values of x_0.</param>
    /// <param name="predictedOriginal">The values of the x_0 that the model predicts at t.</param>
    /// <param name="timestep">t, in 1..T-1.</param>
    /// <param name="variance">The variance of the model's step, one of the two fixed ones.</param>
    /// <returns>Nats, summed over the values; at least 0.</returns>
    /// <exception cref="ArgumentException">The numbers of values differ.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timestep"/> is outside its range, or <paramref name="variance"/> is not fixed.</exception>
    public double StepDivergence<T>(
        ReadOnlySpan<T> x0,
        ReadOnlySpan<T> predictedOriginal,
        int timestep,
        DdpmVariance variance = DdpmVariance.FixedLarge)
        where T : IFloatingPointIeee754<T>
    {
        _ = AlphaBar(timestep, nameof(timestep), 1);
        if (variance is not (DdpmVariance.FixedSmall or DdpmVariance.FixedLarge))
        {
            throw new ArgumentOutOfRangeException(
                nameof(variance),
                variance,
                "variance must be FixedSmall or FixedLarge, because a learned one differs from value to value.");
        }

        var posterior = Posterior(timestep);
        var (scale, modelVariance) =
            (posterior.OriginalCoefficient, variance == DdpmVariance.FixedSmall ? posterior.Variance : Schedule.Betas[timestep]);
        return Divergence(
            SquaredDistance(x0, predictedOriginal, nameof(predictedOriginal)) * scale * scale,
            x0.Length,
            posterior.Variance,
            modelVariance);
    }

    /// <summary>Gives KL(N(mean1, variance1 I) || N(mean2, variance2 I)).</summary>
    /// <typeparam name="T">Single or Double.</typeparam>
    /// <param name="mean1">The values of the first mean.</param>
    /// <param name="variance1">The first variance, above 0.</param>
    /// <param name="mean2">The values of the second mean.</param>
    /// <param name="variance2">The second variance, above 0.</param>
    /// <returns>Nats, summed over the values; at least 0.</returns>
    /// <exception cref="ArgumentException">The numbers of values differ.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A variance is not above 0.</exception>
    public static double Divergence<T>(ReadOnlySpan<T> mean1, double variance1, ReadOnlySpan<T> mean2, double variance2)
        where T : IFloatingPointIeee754<T>
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(variance1);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(variance2);
        return Divergence(SquaredDistance(mean1, mean2, nameof(mean2)), mean1.Length, variance1, variance2);
    }

    private static double Divergence(double squaredDistance, int count, double variance1, double variance2)
    {
        var ratio = variance1 / variance2;
        return 0.5 * ((count * (ratio - 1 - Math.Log(ratio))) + (squaredDistance / variance2));
    }

    private static double SquaredDistance<T>(ReadOnlySpan<T> first, ReadOnlySpan<T> second, string name)
        where T : IFloatingPointIeee754<T>
    {
        CheckLengths(first.Length, second.Length, name);
        var sum = 0.0;
        for (var i = 0; i < first.Length; i++)
        {
            var difference = double.CreateTruncating(first[i]) - double.CreateTruncating(second[i]);
            sum += difference * difference;
        }

        return sum;
    }

    private static T[] Combine<T>(ReadOnlySpan<T> first, ReadOnlySpan<T> second, Func<double, double, double> formula, string name)
        where T : IFloatingPointIeee754<T>
    {
        CheckLengths(first.Length, second.Length, name);
        var result = new T[first.Length];
        for (var i = 0; i < result.Length; i++)
        {
            result[i] = T.CreateTruncating(formula(double.CreateTruncating(first[i]), double.CreateTruncating(second[i])));
        }

        return result;
    }

    private static void CheckLengths(int count, int length, string name)
    {
        if (length != count)
        {
            throw new ArgumentException($"{name} must hold {count} values like the others, but has {length}.", name);
        }
    }

    private (double AlphaBar, double Previous) AlphaBars(int timestep, int previousTimestep)
    {
        var alphaBar = AlphaBar(timestep, nameof(timestep), 0);
        return previousTimestep >= -1 && previousTimestep < timestep
            ? (alphaBar, Schedule.AlphaBar(previousTimestep))
            : throw new ArgumentOutOfRangeException(
                nameof(previousTimestep),
                previousTimestep,
                $"previousTimestep must be from -1, a clean image, to {timestep - 1}, because the step leads down from timestep {timestep}.");
    }

    private double AlphaBar(int timestep, string name, int lowest) => timestep >= lowest && timestep < Schedule.NumberOfTrainingTimesteps
        ? Schedule.AlphaBar(timestep)
        : throw new ArgumentOutOfRangeException(
            name,
            timestep,
            $"{name} must be from {lowest} to {Schedule.NumberOfTrainingTimesteps - 1}, because the schedule has {Schedule.NumberOfTrainingTimesteps} timesteps.");
}
