namespace Microsoft.ML.Diffusion;

/// <summary>What <see cref="OutputColumnOptions.Latent"/> says about an image.</summary>
public enum LatentKind
{
    /// <summary>
    /// The noise that generates the image, x at the highest timestep of <see cref="OutputColumnOptions.EncodingSampler"/> (Song et al. 2021, section
    /// 4.3): a vector [C, H, W], close to standard normal, at one network call for each of the sampler's steps.
    /// </summary>
    Noise,

    /// <summary>
    /// What the network's lowest resolution sees in the image, noised to <see cref="OutputColumnOptions.LatentTimestep"/>: the mean over the positions
    /// of each channel behind the middle blocks, a vector of <see cref="UNetOptions.BaseChannels"/> times the last of
    /// <see cref="UNetOptions.ChannelMultipliers"/>, at less than one network call. It describes what the image shows, as features for a classifier.
    /// </summary>
    Bottleneck,
}
