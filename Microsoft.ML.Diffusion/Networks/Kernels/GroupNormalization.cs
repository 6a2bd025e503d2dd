namespace Microsoft.ML.Diffusion.Networks.Kernels;

/// <summary>
/// y = silu(gamma (x - mean) / sqrt(variance + epsilon) + beta) over the channels of a group (Wu and He 2018) and all pixels of an image, with or without
/// the silu, on images in channels-last order.
/// </summary>
/// <remarks>
/// An image is read three times while it is in the core's own cache: for the mean, for the variance, for the result. Means are summed up as distances
/// from the first pixel, and kept as a number and what its rounding lost, so that a small spread over a large offset keeps its digits.
/// </remarks>
/// <param name="Images">N.</param>
/// <param name="Pixels">H W.</param>
/// <param name="Channels">C.</param>
/// <param name="Groups">A divisor of C.</param>
/// <param name="Activates">Whether silu follows.</param>
internal sealed unsafe record GroupNormalization(int Images, int Pixels, int Channels, int Groups, bool Activates)
{
    /// <summary>Channels of statistics: C, filled up to whole vectors.</summary>
    public int Stride => (Channels + GroupLoops.Lanes - 1) / GroupLoops.Lanes * GroupLoops.Lanes;

    private bool IsPadded => Stride != Channels;

    // Channels that are whole groups and whole vectors: what threads share out of one image.
    private int Slice => IsPadded ? Stride : LeastCommonMultiple(Channels / Groups, GroupLoops.Lanes);

    private int Slices => Stride / Slice;

    private GroupLoops Loops => new(Pixels, Stride, Activates);

    /// <summary>Computes y, and what <see cref="Backward"/> needs of the statistics.</summary>
    /// <param name="x">[N][H W][C].</param>
    /// <param name="gamma">[C].</param>
    /// <param name="beta">[C].</param>
    /// <param name="epsilon">What keeps a constant image from a division by zero.</param>
    /// <param name="y">[N][H W][C].</param>
    /// <param name="statistics">[N][3][<see cref="Stride"/>]: the mean of the channel's group, what its rounding lost, and 1 / sqrt(variance + epsilon).</param>
    public void Forward(float* x, float* gamma, float* beta, double epsilon, float* y, float* statistics)
    {
        var parts = KernelThreads.PartsFor(Images * Slices, Work);
        if (parts == 1)
        {
            Normalize(x, gamma, beta, epsilon, y, statistics, 0, Images * Slices);
            return;
        }

        NormalizeInParts(parts, x, gamma, beta, epsilon, y, statistics);
    }

    /// <summary>Computes the gradient of x, and adds those of gamma and beta to what is there.</summary>
    /// <param name="x">[N][H W][C].</param>
    /// <param name="gamma">[C].</param>
    /// <param name="beta">[C].</param>
    /// <param name="statistics">From <see cref="Forward"/>.</param>
    /// <param name="dy">[N][H W][C].</param>
    /// <param name="dx">[N][H W][C].</param>
    /// <param name="dgamma">[C].</param>
    /// <param name="dbeta">[C].</param>
    public void Backward(float* x, float* gamma, float* beta, float* statistics, float* dy, float* dx, float* dgamma, float* dbeta)
    {
        // Each part has some channels of all images, whose gradients it adds up in order.
        var parts = KernelThreads.PartsFor(Slices, 2 * Work);
        if (parts == 1)
        {
            AddGradients(x, gamma, beta, statistics, dy, dx, dgamma, dbeta, 0, Slices * Slice);
            return;
        }

        AddGradientsInParts(parts, x, gamma, beta, statistics, dy, dx, dgamma, dbeta);
    }

    private double Work => 16.0 * Images * Pixels * Channels;

    private int PaddedLength => IsPadded ? Pixels * Stride : 0;

    private void NormalizeInParts(int parts, float* x, float* gamma, float* beta, double epsilon, float* y, float* statistics) =>
        KernelThreads.Run(parts, part => Normalize(
            x,
            gamma,
            beta,
            epsilon,
            y,
            statistics,
            KernelThreads.Begin(part, parts, Images * Slices),
            KernelThreads.Begin(part + 1, parts, Images * Slices)));

    private void Normalize(float* x, float* gamma, float* beta, double epsilon, float* y, float* statistics, int firstUnit, int endUnit)
    {
        var scratch = Scratch.OfPart((4 * Stride) + (2L * PaddedLength));
        float* g = Padded(gamma, scratch), b = Padded(beta, scratch), factor = scratch.Take(Stride), offset = scratch.Take(Stride);
        float* paddedX = scratch.Take(PaddedLength), paddedY = scratch.Take(PaddedLength);
        for (var unit = firstUnit; unit < endUnit; unit++)
        {
            var (image, slice) = Math.DivRem(unit, Slices);
            var (begin, end, start) = (slice * Slice, (slice + 1) * Slice, (long)image * Pixels * Channels);
            float* source = Enter(x + start, paddedX), target = IsPadded ? paddedY : y + start;
            float* mean = statistics + ((long)image * 3 * Stride), rest = mean + Stride, scale = rest + Stride;
            ComputeStatistics(source, begin, end, epsilon, mean, rest, scale);
            for (var c = begin; c < end; c++)
            {
                factor[c] = g[c] * scale[c];
                offset[c] = b[c] - (rest[c] * factor[c]);
            }

            Loops.Apply(source, begin, end, mean, factor, offset, target);
            Leave(target, y + start);
        }
    }

    private void AddGradientsInParts(
        int parts,
        float* x,
        float* gamma,
        float* beta,
        float* statistics,
        float* dy,
        float* dx,
        float* dgamma,
        float* dbeta) => KernelThreads.Run(parts, part => AddGradients(
            x,
            gamma,
            beta,
            statistics,
            dy,
            dx,
            dgamma,
            dbeta,
            KernelThreads.Begin(part, parts, Slices) * Slice,
            KernelThreads.Begin(part + 1, parts, Slices) * Slice));

    private void AddGradients(
        float* x,
        float* gamma,
        float* beta,
        float* statistics,
        float* dy,
        float* dx,
        float* dgamma,
        float* dbeta,
        int begin,
        int end)
    {
        var scratch = Scratch.OfPart((5 * Stride) + (3L * PaddedLength));
        float* g = Padded(gamma, scratch),
            b = Padded(beta, scratch),
            offset = scratch.Take(Stride),
            sum = scratch.Take(Stride),
            product = scratch.Take(Stride);
        float* paddedX = scratch.Take(PaddedLength), paddedDy = scratch.Take(PaddedLength), paddedDx = scratch.Take(PaddedLength);
        var length = Math.Min(end, Channels) - begin;
        for (var image = 0; image < Images; image++)
        {
            var start = (long)image * Pixels * Channels;
            float* source = Enter(x + start, paddedX),
                gradient = Enter(dy + start, paddedDy),
                target = IsPadded ? paddedDx : dx + start;
            float* mean = statistics + ((long)image * 3 * Stride), rest = mean + Stride, scale = rest + Stride;
            for (var c = begin; c < end; c++)
            {
                offset[c] = -rest[c] * scale[c];
            }

            Loops.ActivationGradient(source, begin, end, mean, scale, offset, g, b, gradient, target, sum, product);
            for (var c = begin; c < begin + length; c++)
            {
                dbeta[c] += sum[c];
                dgamma[c] += product[c];
                sum[c] *= g[c];
                product[c] *= g[c];
            }

            ShareMeans(sum, begin, begin + length);
            ShareMeans(product, begin, begin + length);
            Loops.InputGradient(source, begin, end, mean, rest, scale, g, sum, product, target);
            Leave(target, dx + start);
        }
    }

    private void ComputeStatistics(float* x, int begin, int end, double epsilon, float* mean, float* rest, float* scale)
    {
        var (size, last) = (Channels / Groups, Math.Min(end, Channels));
        Loops.SumOfDistances(x, begin, end, mean);
        for (var first = begin; first < last; first += size)
        {
            var sum = 0.0;
            for (var c = first; c < first + size; c++)
            {
                sum += x[c] + ((double)mean[c] / Pixels);
            }

            var exact = sum / size;
            new Span<float>(mean + first, size).Fill((float)exact);
            new Span<float>(rest + first, size).Fill((float)(exact - (float)exact));
        }

        new Span<float>(mean + last, end - last).Clear();
        new Span<float>(rest + last, end - last).Clear();
        Loops.SumOfSquares(x, begin, end, mean, rest, scale);
        ShareMeans(scale, begin, last);
        for (var c = begin; c < end; c++)
        {
            scale[c] = (float)(1 / Math.Sqrt(scale[c] + epsilon));
        }
    }

    // Replaces the sum over each channel's pixels by the mean over its group.
    private void ShareMeans(float* values, int begin, int end)
    {
        var size = Channels / Groups;
        for (var first = begin; first < end; first += size)
        {
            var sum = 0.0;
            for (var c = first; c < first + size; c++)
            {
                sum += values[c];
            }

            new Span<float>(values + first, size).Fill((float)(sum / ((double)size * Pixels)));
        }
    }

    private float* Padded(float* values, Scratch scratch)
    {
        var padded = scratch.Take(Stride);
        Numbers.CopyRows(values, Channels, padded, Stride, 1);
        return padded;
    }

    private float* Enter(float* image, float* padded)
    {
        if (!IsPadded)
        {
            return image;
        }

        Numbers.CopyRows(image, Channels, padded, Stride, Pixels);
        return padded;
    }

    private void Leave(float* padded, float* image)
    {
        if (IsPadded)
        {
            Numbers.CopyRows(padded, Stride, image, Channels, Pixels);
        }
    }

    private static int LeastCommonMultiple(int a, int b)
    {
        var multiple = a;
        while (multiple % b != 0)
        {
            multiple += a;
        }

        return multiple;
    }
}
