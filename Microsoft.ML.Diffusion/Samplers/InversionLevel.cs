namespace Microsoft.ML.Diffusion;

/// <summary>At which of a step's two noise levels the network is asked when DDIM's steps are walked upward, from an image to its noise.</summary>
public enum InversionLevel
{
    /// <summary>
    /// At the level that x is at: the Euler step of DDIM's differential equation (Song et al. 2021, eq. 14). The latent comes closer to the exact
    /// solution in proportion to the number of steps. The first step, from the clean image, asks at timestep 0.
    /// </summary>
    Lower,

    /// <summary>
    /// At the level that the step leads to, with x still at the lower: as the step back asks, so that a network that ignores x is inverted exactly. The
    /// latent is further from the exact solution, and the more so where levels lie far apart; on the linear schedule a walk there and back may still
    /// end nearer to its image.
    /// </summary>
    Upper,
}
