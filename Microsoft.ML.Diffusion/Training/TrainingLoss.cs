namespace Microsoft.ML.Diffusion;

/// <summary>What training minimizes.</summary>
public enum TrainingLoss
{
    /// <summary>L_simple: the mean squared error of the prediction, at every timestep alike (Ho et al. 2020, eq. 14). It cannot teach a variance.</summary>
    Simple,

    /// <summary>
    /// L_vlb: the bound on the negative log-likelihood in bits per dimension (Ho et al. 2020, eq. 5), of which each image contributes T times the
    /// term of its timestep. The term L_T is left out: no weight can change it. With a fixed variance, that is <see cref="DdpmVariance.FixedLarge"/>.
    /// </summary>
    Variational,

    /// <summary>
    /// L_simple + lambda L_vlb, where L_simple alone teaches the prediction and L_vlb alone the variance: its gradient stops before the mean
    /// (Nichol and Dhariwal 2021, section 3.1). For models of <see cref="ModelVariance.LearnedRange"/>.
    /// </summary>
    Hybrid,
}

/// <summary>How training draws the timestep of each image.</summary>
public enum TimestepSampling
{
    /// <summary>Every timestep with the same probability.</summary>
    Uniform,

    /// <summary>
    /// In proportion to the root mean square of the last ten losses at each timestep, and one draw in a thousand uniformly; losses are weighted
    /// by the inverse probability, so that their mean stays unbiased (Nichol and Dhariwal 2021, section 3.3). Uniform until every timestep has ten
    /// losses. Meant for <see cref="TrainingLoss.Variational"/>, whose terms differ by orders of magnitude.
    /// </summary>
    LossAware,
}
