namespace Microsoft.ML.Diffusion;

/// <content>What the model is.</content>
public sealed partial class DiffusionTransformer
{
    /// <summary>Describes the model: images, network, parameters, schedule, sampler and training.</summary>
    /// <returns>The facts, whose text is readable as it is.</returns>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public DiffusionModelInfo Describe() => new(
        ImageWidth,
        ImageHeight,
        Channels,
        ClassNames,
        Network,
        NumberOfParameters,
        Schedule,
        Prediction,
        Variance,
        Generation,
        Training,
        Device);
}
