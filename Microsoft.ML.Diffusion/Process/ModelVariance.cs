namespace Microsoft.ML.Diffusion;

/// <summary>What a model knows about the variance of its reverse steps.</summary>
public enum ModelVariance
{
    /// <summary>Nothing: samplers take beta_t or beta~_t (Ho et al. 2020, section 3.2). The network has C outputs for C channels.</summary>
    Fixed,

    /// <summary>
    /// The network's second C outputs v, nominally in [-1, 1], place each pixel's log variance between the two: log variance = f log beta_t +
    /// (1 - f) log beta~_t with f = (v + 1) / 2 (Nichol and Dhariwal 2021, section 3.1). Good images need fewer steps of <see cref="DdpmSampler"/> then.
    /// </summary>
    LearnedRange,
}

internal static class ModelVarianceExtensions
{
    /// <summary>Checks that the model has the variance that is asked of it.</summary>
    public static void ValidateFor(this DdpmVariance asked, ModelVariance variance)
    {
        if (asked == DdpmVariance.Learned && variance == ModelVariance.Fixed)
        {
            throw new ArgumentOutOfRangeException(nameof(DdpmSampler.Variance), asked, "Variance must be FixedSmall or FixedLarge, because the model was trained with Variance = Fixed and has learned none.");
        }
    }
}
