using System.Numerics;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <summary>
/// A normal distribution of an image given a clean image x_0 and a noisy one x: N(<see cref="OriginalCoefficient"/> x_0 + <see cref="SampleCoefficient"/> x,
/// <see cref="Variance"/> I). All that the papers derive of the forward process has this shape; see <see cref="GaussianDiffusion"/> and
/// <see cref="NonMarkovianProcess"/>.
/// </summary>
/// <param name="OriginalCoefficient">The share of x_0 in the mean.</param>
/// <param name="SampleCoefficient">The share of x in the mean.</param>
/// <param name="Variance">The variance of each value, at least 0.</param>
public readonly record struct GaussianTransition(double OriginalCoefficient, double SampleCoefficient, double Variance)
{
    /// <summary>Gives the mean.</summary>
    /// <typeparam name="T">Single or Double; sums are of doubles, rounded once.</typeparam>
    /// <param name="x0">The values of x_0, in any order; may be empty where <see cref="OriginalCoefficient"/> is 0.</param>
    /// <param name="x">The values of x, in the same order; may be empty where <see cref="SampleCoefficient"/> is 0.</param>
    /// <returns>As many values.</returns>
    /// <exception cref="ArgumentException">The numbers of values differ.</exception>
    public T[] Mean<T>(ReadOnlySpan<T> x0, ReadOnlySpan<T> x)
        where T : IFloatingPointIeee754<T> => Draw(x0, x, []);

    /// <summary>Draws from the distribution: the mean and noise times the standard deviation.</summary>
    /// <typeparam name="T">Single or Double; sums are of doubles, rounded once.</typeparam>
    /// <param name="x0">The values of x_0, as for <see cref="Mean"/>.</param>
    /// <param name="x">The values of x, as for <see cref="Mean"/>.</param>
    /// <param name="noise">Standard normal values in the same order; none give the mean.</param>
    /// <returns>As many values.</returns>
    /// <exception cref="ArgumentException">The numbers of values differ.</exception>
    public T[] Draw<T>(ReadOnlySpan<T> x0, ReadOnlySpan<T> x, ReadOnlySpan<T> noise)
        where T : IFloatingPointIeee754<T>
    {
        var count = Math.Max(x0.Length, x.Length);
        Check(x0.Length, OriginalCoefficient == 0, count, nameof(x0));
        Check(x.Length, SampleCoefficient == 0, count, nameof(x));
        Check(noise.Length, mayBeEmpty: true, count, nameof(noise));
        var (deviation, result) = (Math.Sqrt(Variance), new T[count]);
        for (var i = 0; i < count; i++)
        {
            var value = x0.IsEmpty ? 0 : OriginalCoefficient * double.CreateTruncating(x0[i]);
            value += x.IsEmpty ? 0 : SampleCoefficient * double.CreateTruncating(x[i]);
            result[i] = T.CreateTruncating(value + (noise.IsEmpty ? 0 : deviation * double.CreateTruncating(noise[i])));
        }

        return result;
    }

    /// <inheritdoc/>
    public override string ToString() => RecordText.Of(this);

    private static void Check(int length, bool mayBeEmpty, int count, string name)
    {
        if (length != count && !(mayBeEmpty && length == 0))
        {
            throw new ArgumentException($"{name} must hold {count} values like the others, but has {length}.", name);
        }
    }
}
