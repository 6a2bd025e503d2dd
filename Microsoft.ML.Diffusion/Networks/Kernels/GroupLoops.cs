using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Diffusion.Networks.Kernels;

/// <summary>
/// The loops of <see cref="GroupNormalization"/> over the pixels of one image, for channels from begin to end, both multiples of <see cref="Lanes"/>.
/// </summary>
/// <param name="Pixels">H W.</param>
/// <param name="Channels">Floats of a pixel.</param>
/// <param name="Activates">Whether silu follows.</param>
internal readonly unsafe record struct GroupLoops(int Pixels, int Channels, bool Activates)
{
    /// <summary>Channels that are computed at once.</summary>
    public const int Lanes = 16;

    private const int Run = 256; // pixels that are added up one after another: of sums of sums, less is lost to rounding

    /// <summary>The sum of x less its first pixel, [C].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void SumOfDistances(float* x, int begin, int end, float* sum)
    {
        var (channels, count, run) = (Channels, Pixels * Channels, Run * Channels);
        for (var c = begin; c < end; c += Lanes)
        {
            var first = Vector512.Load(x + c);
            var total = Vector512<float>.Zero;
            for (var i = c; i < count;)
            {
                var part = Vector512<float>.Zero;
                for (var last = Math.Min(count, i + run); i < last; i += channels)
                {
                    part += Vector512.Load(x + i) - first;
                }

                total += part;
            }

            total.Store(sum + c);
        }
    }

    /// <summary>The sum of (x - mean)^2, [C].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void SumOfSquares(float* x, int begin, int end, float* mean, float* rest, float* sum)
    {
        var (channels, count, run) = (Channels, Pixels * Channels, Run * Channels);
        for (var c = begin; c < end; c += Lanes)
        {
            Vector512<float> m = Vector512.Load(mean + c), r = Vector512.Load(rest + c);
            var total = Vector512<float>.Zero;
            for (var i = c; i < count;)
            {
                var part = Vector512<float>.Zero;
                for (var last = Math.Min(count, i + run); i < last; i += channels)
                {
                    var difference = Vector512.Load(x + i) - m - r;
                    part = Vector512.MultiplyAddEstimate(difference, difference, part);
                }

                total += part;
            }

            total.Store(sum + c);
        }
    }

    /// <summary>y = (x - mean) factor + offset, activated or not.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Apply(float* x, int begin, int end, float* mean, float* factor, float* offset, float* y)
    {
        var (channels, count, activates) = (Channels, Pixels * Channels, Activates);
        for (var c = begin; c < end; c += Lanes)
        {
            Vector512<float> m = Vector512.Load(mean + c), f = Vector512.Load(factor + c), o = Vector512.Load(offset + c);
            for (var i = c; i < count; i += channels)
            {
                var z = Vector512.MultiplyAddEstimate(Vector512.Load(x + i) - m, f, o);
                (activates ? z * Logistic.Sigmoid(z) : z).Store(y + i);
            }
        }
    }

    /// <summary>dz = dy silu'(z), with its sums and those of dz xhat over the pixels; xhat = (x - mean) scale + offset.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void ActivationGradient(
        float* x,
        int begin,
        int end,
        float* mean,
        float* scale,
        float* offset,
        float* gamma,
        float* beta,
        float* dy,
        float* dz,
        float* sum,
        float* product)
    {
        var (channels, count, run, activates) = (Channels, Pixels * Channels, Run * Channels, Activates);
        for (var c = begin; c < end; c += Lanes)
        {
            Vector512<float> m = Vector512.Load(mean + c),
                s = Vector512.Load(scale + c),
                o = Vector512.Load(offset + c),
                g = Vector512.Load(gamma + c),
                b = Vector512.Load(beta + c);
            var (total, products) = (Vector512<float>.Zero, Vector512<float>.Zero);
            for (var i = c; i < count;)
            {
                var (part, partOfProducts) = (Vector512<float>.Zero, Vector512<float>.Zero);
                for (var last = Math.Min(count, i + run); i < last; i += channels)
                {
                    var normalized = Vector512.MultiplyAddEstimate(Vector512.Load(x + i) - m, s, o);
                    var gradient = Vector512.Load(dy + i);
                    if (activates)
                    {
                        var z = Vector512.MultiplyAddEstimate(normalized, g, b);
                        var sigmoid = Logistic.Sigmoid(z);
                        gradient *= Vector512.MultiplyAddEstimate(z * sigmoid, Vector512<float>.One - sigmoid, sigmoid);
                    }

                    gradient.Store(dz + i);
                    part += gradient;
                    partOfProducts = Vector512.MultiplyAddEstimate(gradient, normalized, partOfProducts);
                }

                total += part;
                products += partOfProducts;
            }

            total.Store(sum + c);
            products.Store(product + c);
        }
    }

    /// <summary>dx = scale (gamma dz - mean(gamma dz) - xhat mean(gamma dz xhat)), written over dz, as a line in dz and x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void InputGradient(
        float* x,
        int begin,
        int end,
        float* mean,
        float* rest,
        float* scale,
        float* gamma,
        float* sum,
        float* product,
        float* dx)
    {
        var (channels, count) = (Channels, Pixels * Channels);
        for (var c = begin; c < end; c += Lanes)
        {
            Vector512<float> m = Vector512.Load(mean + c), s = Vector512.Load(scale + c), slope = -s * s * Vector512.Load(product + c);
            var constant = -((s * Vector512.Load(sum + c)) + (slope * Vector512.Load(rest + c)));
            s *= Vector512.Load(gamma + c);
            for (var i = c; i < count; i += channels)
            {
                var towardMean = Vector512.MultiplyAddEstimate(Vector512.Load(x + i) - m, slope, constant);
                Vector512.MultiplyAddEstimate(Vector512.Load(dx + i), s, towardMean).Store(dx + i);
            }
        }
    }
}
