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
