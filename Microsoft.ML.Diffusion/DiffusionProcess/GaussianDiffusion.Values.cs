using System.Numerics;

namespace Microsoft.ML.Diffusion;

/// <content>How noise, clean image and v follow from each other, value by value.</content>
public sealed partial class GaussianDiffusion
{
    /// <summary>Draws x_t = sqrt(alpha-bar_t) x_0 + sqrt(1 - alpha-bar_t) noise (Ho et al. 2020, eq. 4).</summary>
    /// <typeparam name="T">Single or Double; sums are of doubles, rounded once.</typeparam>
    /// <param name="x0">The values of x_0, in [-1, 1] for an image.</param>
    /// <param name="noise">Standard normal values.</param>
    /// <param name="timestep">t, in 0..T-1.</param>
    /// <returns>As many values.</returns>
    /// <exception cref="ArgumentException">The numbers of values differ.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timestep"/> is outside its range.</exception>
    public T[] AddNoise<T>(ReadOnlySpan<T> x0, ReadOnlySpan<T> noise, int timestep)
        where T : IFloatingPointIeee754<T>
    {
        var (signalScale, noiseScale) = Scales(timestep);
        return Combine(x0, noise, (original, drawn) => (signalScale * original) + (noiseScale * drawn), nameof(noise));
    }

    /// <summary>Gives what a network should output for x_t: the noise, x_0, or v, as <see cref="Prediction"/> says.</summary>
    /// <param name="x0">The values of x_0.</param>
    /// <param name="noise">The noise in x_t.</param>
    /// <param name="timestep">t, in 0..T-1.</param>
    /// <inheritdoc cref="AddNoise{T}(ReadOnlySpan{T}, ReadOnlySpan{T}, int)"/>
    public T[] Target<T>(ReadOnlySpan<T> x0, ReadOnlySpan<T> noise, int timestep)
        where T : IFloatingPointIeee754<T>
    {
        var (signalScale, noiseScale) = Scales(timestep);
        return Combine(x0, noise, (original, drawn) => Prediction switch
        {
            PredictionType.Epsilon => drawn,
            PredictionType.Sample => original,
            _ => (signalScale * drawn) - (noiseScale * original),
        }, nameof(noise));
    }

    /// <summary>Gives x_0 from x_t and one of noise, x_0 and v (Ho et al. 2020, eq. 15).</summary>
    /// <typeparam name="T">Single or Double; sums are of doubles, rounded once.</typeparam>
    /// <param name="xt">The values of x_t.</param>
    /// <param name="value">What is known.</param>
    /// <param name="kind">What <paramref name="value"/> is. From noise, x_0 = (x_t - sqrt(1 - alpha-bar_t) noise) / sqrt(alpha-bar_t); from v, x_0 = sqrt(alpha-bar_t) x_t - sqrt(1 - alpha-bar_t) v.</param>
    /// <param name="timestep">t, in 0..T-1.</param>
    /// <returns>As many values; infinite or NaN from noise where alpha-bar_t is 0.</returns>
    /// <exception cref="ArgumentException">The numbers of values differ.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timestep"/> is outside its range, or <paramref name="kind"/> is not one of the values.</exception>
    public T[] ToOriginalSample<T>(ReadOnlySpan<T> xt, ReadOnlySpan<T> value, PredictionType kind, int timestep)
        where T : IFloatingPointIeee754<T>
    {
        var (signalScale, noiseScale) = Scales(timestep);
        return Combine(xt, value, kind switch
        {
            PredictionType.Epsilon => (x, known) => (x - (noiseScale * known)) / signalScale,
            PredictionType.Sample => (x, known) => known,
            PredictionType.VPrediction => (x, known) => (signalScale * x) - (noiseScale * known),
            _ => throw Unknown(kind),
        }, nameof(value));
    }

    /// <summary>Gives the noise epsilon from x_t and one of noise, x_0 and v.</summary>
    /// <param name="xt">The values of x_t.</param>
    /// <param name="value">What is known.</param>
    /// <param name="kind">What <paramref name="value"/> is. From x_0, noise = (x_t - sqrt(alpha-bar_t) x_0) / sqrt(1 - alpha-bar_t); from v, noise = sqrt(alpha-bar_t) v + sqrt(1 - alpha-bar_t) x_t.</param>
    /// <param name="timestep">t, in 0..T-1.</param>
    /// <returns>As many values.</returns>
    /// <inheritdoc cref="ToOriginalSample{T}(ReadOnlySpan{T}, ReadOnlySpan{T}, PredictionType, int)"/>
    public T[] ToNoise<T>(ReadOnlySpan<T> xt, ReadOnlySpan<T> value, PredictionType kind, int timestep)
        where T : IFloatingPointIeee754<T>
    {
        var (signalScale, noiseScale) = Scales(timestep);
        return Combine(xt, value, kind switch
        {
            PredictionType.Epsilon => (x, known) => known,
            PredictionType.Sample => (x, known) => (x - (signalScale * known)) / noiseScale,
            PredictionType.VPrediction => (x, known) => (signalScale * known) + (noiseScale * x),
            _ => throw Unknown(kind),
        }, nameof(value));
    }

    /// <summary>Gives v = sqrt(alpha-bar_t) noise - sqrt(1 - alpha-bar_t) x_0 (Salimans and Ho 2022) from x_t and one of noise, x_0 and v.</summary>
    /// <param name="xt">The values of x_t.</param>
    /// <param name="value">What is known.</param>
    /// <param name="kind">What <paramref name="value"/> is. From noise, v = (noise - sqrt(1 - alpha-bar_t) x_t) / sqrt(alpha-bar_t); from x_0, v = (sqrt(alpha-bar_t) x_t - x_0) / sqrt(1 - alpha-bar_t).</param>
    /// <param name="timestep">t, in 0..T-1.</param>
    /// <inheritdoc cref="ToOriginalSample{T}(ReadOnlySpan{T}, ReadOnlySpan{T}, PredictionType, int)"/>
    public T[] ToVelocity<T>(ReadOnlySpan<T> xt, ReadOnlySpan<T> value, PredictionType kind, int timestep)
        where T : IFloatingPointIeee754<T>
    {
        var (signalScale, noiseScale) = Scales(timestep);
        return Combine(xt, value, kind switch
        {
            PredictionType.Epsilon => (x, known) => (known - (noiseScale * x)) / signalScale,
            PredictionType.Sample => (x, known) => ((signalScale * x) - known) / noiseScale,
            PredictionType.VPrediction => (x, known) => known,
            _ => throw Unknown(kind),
        }, nameof(value));
    }

    /// <summary>sqrt(alpha-bar_t) and sqrt(1 - alpha-bar_t).</summary>
    internal (double SignalScale, double NoiseScale) Scales(int timestep)
    {
        var alphaBar = AlphaBar(timestep, nameof(timestep), 0);
        return (Math.Sqrt(alphaBar), Math.Sqrt(1 - alphaBar));
    }
}
