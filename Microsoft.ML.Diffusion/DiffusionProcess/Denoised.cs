using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.DiffusionProcess;

/// <summary>What one network call tells about x_t: the clean image and the noise it is made of, clipping applied.</summary>
internal sealed class Denoised
{
    private readonly Func<Batch> _noise;

    public Denoised(Batch originalSample, Func<Batch> noise)
    {
        OriginalSample = originalSample;
        _noise = noise;
    }

    /// <summary>The predicted x_0.</summary>
    public Batch OriginalSample { get; }

    /// <summary>Where a learned variance lies between its bounds, v of <see cref="LearnedVariance"/>; null where it is fixed.</summary>
    public Batch? VarianceInterpolation { get; init; }

    /// <summary>The predicted epsilon; computed when first asked for, since ancestral sampling never asks.</summary>
    public Batch Noise => field ??= _noise();
}
