namespace Microsoft.ML.Diffusion;

/// <summary>What the network outputs, given x_t = sqrt(alpha-bar) x_0 + sqrt(1 - alpha-bar) epsilon.</summary>
public enum PredictionType
{
    /// <summary>The noise epsilon (Ho et al. 2020).</summary>
    Epsilon,

    /// <summary>The clean image x_0.</summary>
    Sample,

    /// <summary>v = sqrt(alpha-bar) epsilon - sqrt(1 - alpha-bar) x_0: as easy at every noise level (Salimans and Ho 2022).</summary>
    VPrediction,
}
