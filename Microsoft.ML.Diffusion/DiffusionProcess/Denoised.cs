using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.DiffusionProcess;

/// <summary>What one network call tells about x_t: the clean image and the noise it is made of, clipping applied.</summary>
internal sealed class Denoised
{
    private readonly Func<Tensor> _noise;

    public Denoised(Tensor originalSample, Func<Tensor> noise)
    {
        OriginalSample = originalSample;
        _noise = noise;
    }

    /// <summary>The predicted x_0, [N, C, H, W].</summary>
    public Tensor OriginalSample { get; }

    /// <summary>Where a learned variance lies between its bounds, v of <see cref="LearnedVariance"/>, [N, C, H, W]; null where it is fixed.</summary>
    public Tensor? VarianceInterpolation { get; init; }

    /// <summary>The predicted epsilon, [N, C, H, W]; computed when first asked for, since ancestral sampling never asks.</summary>
    public Tensor Noise => field ??= _noise();
}
