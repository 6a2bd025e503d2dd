namespace Microsoft.ML.Diffusion;

/// <summary>At which of a step's two noise levels the network is asked when DDIM's steps are walked upward, from an image to its noise.</summary>
public enum InversionLevel
{
    /// <summary>
    /// At the level that x is at: the Euler step of DDIM's differential equation (Song et al. 2021, eq. 14), whose latent comes closer to the exact
    /// solution in proportion to the number of steps. The first step, from the clean image, asks at timestep 0.
    /// </summary>
    Lower,

    /// <summary>
    /// At the level that the step leads to, with x still at the lower: as the step back asks, so that a network that ignores x is inverted exactly. With
    /// as few as 10 steps, and on the linear schedule, the walk there and back may end nearer to its image.
    /// </summary>
    Upper,
}
