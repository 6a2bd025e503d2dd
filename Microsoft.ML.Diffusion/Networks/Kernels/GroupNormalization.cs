using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Diffusion.Networks.Kernels;

/// <summary>
/// y = silu(gamma (x - mean) / sqrt(variance + epsilon) + beta) over the channels of a group (Wu and He 2018) and all pixels of an image, with or without
/// the silu, on images in channels-last order and on the calling thread.
/// </summary>
/// <remarks>An image is read three times while it is in the core's own cache: for the mean, for the variance, for the result.</remarks>
/// <param name="Images">N.</param>
/// <param name="Pixels">H W.</param>
/// <param name="Channels">C.</param>
/// <param name="Groups">A divisor of C.</param>
/// <param name="Activates">Whether silu follows.</param>
internal readonly unsafe record struct GroupNormalization(int Images, int Pixels, int Channels, int Groups, bool Activates)
{
    private const int Lanes = 16;
    private const int Run = 256; // pixels that are added up one after another: of sums of sums, less is lost to rounding

    /// <summary>Whether this number of channels is computed here.</summary>
    public static bool Fits(long channels) => channels % Lanes == 0;

    /// <summary>Computes y, and what <see cref="Backward"/> needs of the statistics.</summary>
    /// <param name="x">[N][H W][C].</param>
    /// <param name="gamma">[C].</param>
    /// <param name="beta">[C].</param>
    /// <param name="epsilon">What keeps a constant image from a division by zero.</param>
    /// <param name="y">[N][H W][C]; may be <paramref name="x"/>.</param>
    /// <param name="mean">[N][C]: the mean of the channel's group.</param>
    /// <param name="scale">[N][C]: 1 / sqrt(variance + epsilon) of the channel's group.</param>
    public void Forward(float* x, float* gamma, float* beta, double epsilon, float* y, float* mean, float* scale)
    {
        var scratch = Scratch.Of(2 * Scratch.Rounded(Channels));
        float* factor = scratch.Take(Channels), offset = scratch.Take(Channels);
        for (var image = 0; image < Images; image++)
        {
            var start = (long)image * Pixels * Channels;
            float* m = mean + (image * Channels), s = scale + (image * Channels);
            Sum(x + start, m);
            Share(m);
            SumOfSquares(x + start, m, s);
            Share(s);
            for (var c = 0; c < Channels; c++)
            {
                s[c] = (float)(1 / Math.Sqrt(s[c] + epsilon));
                factor[c] = gamma[c] * s[c];
                offset[c] = beta[c] - (m[c] * factor[c]);
            }

            Apply(x + start, factor, offset, y + start);
        }
    }

    /// <summary>Computes the gradients.</summary>
    /// <param name="x">[N][H W][C].</param>
    /// <param name="gamma">[C].</param>
    /// <param name="beta">[C].</param>
    /// <param name="mean">From <see cref="Forward"/>.</param>
    /// <param name="scale">From <see cref="Forward"/>.</param>
    /// <param name="dy">[N][H W][C].</param>
    /// <param name="dx">[N][H W][C].</param>
    /// <param name="dgamma">[C].</param>
    /// <param name="dbeta">[C].</param>
    public void Backward(float* x, float* gamma, float* beta, float* mean, float* scale, float* dy, float* dx, float* dgamma, float* dbeta)
    {
        var scratch = Scratch.Of(4 * Scratch.Rounded(Channels));
        float* factor = scratch.Take(Channels), offset = scratch.Take(Channels), sum = scratch.Take(Channels), product = scratch.Take(Channels);
        new Span<float>(dgamma, Channels).Clear();
        new Span<float>(dbeta, Channels).Clear();
        for (var image = 0; image < Images; image++)
        {
            var start = (long)image * Pixels * Channels;
            float* m = mean + (image * Channels), s = scale + (image * Channels);
            for (var c = 0; c < Channels; c++)
            {
                factor[c] = s[c];
                offset[c] = -m[c] * s[c];
            }

            ActivationGradient(x + start, factor, offset, gamma, beta, dy + start, dx + start, sum, product);
            for (var c = 0; c < Channels; c++)
            {
                dbeta[c] += sum[c];
                dgamma[c] += product[c];
                sum[c] *= gamma[c];
                product[c] *= gamma[c];
            }

            Share(sum);
            Share(product);

            // dx = scale (gamma dz - mean(gamma dz) - xhat mean(gamma dz xhat)), as a line in dz and x.
            InputGradient(x + start, s, m, gamma, sum, product, dx + start);
        }
    }

    // Replaces the sum over each channel's pixels by the mean over its group.
    private void Share(float* values)
    {
        var size = Channels / Groups;
        for (var group = 0; group < Groups; group++)
        {
            var sum = 0.0;
            for (var c = group * size; c < (group + 1) * size; c++)
            {
                sum += values[c];
            }

            new Span<float>(values + (group * size), size).Fill((float)(sum / ((double)size * Pixels)));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Sum(float* x, float* sum)
    {
        var (channels, count, run) = (Channels, Pixels * Channels, Run * Channels);
        for (var c = 0; c < channels; c += Lanes)
        {
            var total = Vector512<float>.Zero;
            for (var i = c; i < count;)
            {
                var part = Vector512<float>.Zero;
                for (var end = Math.Min(count, i + run); i < end; i += channels)
                {
                    part += Vector512.Load(x + i);
                }

                total += part;
            }

            total.Store(sum + c);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void SumOfSquares(float* x, float* mean, float* sum)
    {
        var (channels, count, run) = (Channels, Pixels * Channels, Run * Channels);
        for (var c = 0; c < channels; c += Lanes)
        {
            var m = Vector512.Load(mean + c);
            var total = Vector512<float>.Zero;
            for (var i = c; i < count;)
            {
                var part = Vector512<float>.Zero;
                for (var end = Math.Min(count, i + run); i < end; i += channels)
                {
                    var difference = Vector512.Load(x + i) - m;
                    part = Vector512.FusedMultiplyAdd(difference, difference, part);
                }

                total += part;
            }

            total.Store(sum + c);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Apply(float* x, float* factor, float* offset, float* y)
    {
        var (channels, count, activates) = (Channels, Pixels * Channels, Activates);
        for (var c = 0; c < channels; c += Lanes)
        {
            var (f, o) = (Vector512.Load(factor + c), Vector512.Load(offset + c));
            for (var i = c; i < count; i += channels)
            {
                var z = Vector512.FusedMultiplyAdd(Vector512.Load(x + i), f, o);
                (activates ? z * Logistic.Sigmoid(z) : z).Store(y + i);
            }
        }
    }

    // dz = dy silu'(z), with its sums and those of dz xhat over the pixels.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ActivationGradient(float* x, float* factor, float* offset, float* gamma, float* beta, float* dy, float* dz, float* sum, float* product)
    {
        var (channels, count, run, activates) = (Channels, Pixels * Channels, Run * Channels, Activates);
        for (var c = 0; c < channels; c += Lanes)
        {
            Vector512<float> f = Vector512.Load(factor + c), o = Vector512.Load(offset + c), g = Vector512.Load(gamma + c), b = Vector512.Load(beta + c);
            var (total, products) = (Vector512<float>.Zero, Vector512<float>.Zero);
            for (var i = c; i < count;)
            {
                var (part, partOfProducts) = (Vector512<float>.Zero, Vector512<float>.Zero);
                for (var end = Math.Min(count, i + run); i < end; i += channels)
                {
                    var normalized = Vector512.FusedMultiplyAdd(Vector512.Load(x + i), f, o);
                    var gradient = Vector512.Load(dy + i);
                    if (activates)
                    {
                        var z = Vector512.FusedMultiplyAdd(normalized, g, b);
                        var sigmoid = Logistic.Sigmoid(z);
                        gradient *= Vector512.FusedMultiplyAdd(z * sigmoid, Vector512<float>.One - sigmoid, sigmoid);
                    }

                    gradient.Store(dz + i);
                    part += gradient;
                    partOfProducts = Vector512.FusedMultiplyAdd(gradient, normalized, partOfProducts);
                }

                total += part;
                products += partOfProducts;
            }

            total.Store(sum + c);
            products.Store(product + c);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void InputGradient(float* x, float* scale, float* mean, float* gamma, float* sum, float* product, float* dx)
    {
        var (channels, count) = (Channels, Pixels * Channels);
        for (var c = 0; c < channels; c += Lanes)
        {
            Vector512<float> s = Vector512.Load(scale + c), slope = -s * s * Vector512.Load(product + c);
            var constant = -((s * Vector512.Load(sum + c)) + (slope * Vector512.Load(mean + c)));
            s *= Vector512.Load(gamma + c);
            for (var i = c; i < count; i += channels)
            {
                Vector512.FusedMultiplyAdd(Vector512.Load(dx + i), s, Vector512.FusedMultiplyAdd(Vector512.Load(x + i), slope, constant)).Store(dx + i);
            }
        }
    }
}
