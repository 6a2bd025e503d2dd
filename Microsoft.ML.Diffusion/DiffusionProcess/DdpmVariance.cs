namespace Microsoft.ML.Diffusion;

/// <summary>The variance of a DDPM step, between two bounds of the true one (Ho et al. 2020, section 3.2).</summary>
public enum DdpmVariance
{
    /// <summary>beta~_t, right if x_0 were one fixed image.</summary>
    FixedSmall,

    /// <summary>beta_t, right if x_0 were standard normal; the paper's choice for its CIFAR-10 results.</summary>
    FixedLarge,

    /// <summary>What the model learned for each pixel between the two; for models of <see cref="ModelVariance.LearnedRange"/>.</summary>
    Learned,
}
