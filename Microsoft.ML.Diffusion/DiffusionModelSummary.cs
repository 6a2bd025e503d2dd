using System.Globalization;
using Microsoft.ML.Diffusion.Images;

namespace Microsoft.ML.Diffusion;

/// <summary>What a diffusion model is: <see cref="DiffusionTransformer.Describe"/>. Its text is one fact a line.</summary>
/// <param name="ImageWidth">Width in pixels of the images.</param>
/// <param name="ImageHeight">Height in pixels of the images.</param>
/// <param name="Channels">Colour channels: 1 (grey) or 3.</param>
/// <param name="ClassNames">The classes that it can draw; empty if it has none.</param>
/// <param name="Network">The shape of the network.</param>
/// <param name="NumberOfParameters">Number of weights.</param>
/// <param name="Schedule">The noise schedule.</param>
/// <param name="Prediction">What the network predicts.</param>
/// <param name="Variance">What the network knows about the variance of its steps.</param>
/// <param name="Generation">How the model generates when it is not told otherwise.</param>
/// <param name="Training">How it was trained; <see langword="null"/> if that is not known.</param>
/// <param name="Device">Where it runs.</param>
public sealed record DiffusionModelSummary(
    int ImageWidth,
    int ImageHeight,
    int Channels,
    IReadOnlyList<string> ClassNames,
    UNetOptions Network,
    long NumberOfParameters,
    NoiseSchedule Schedule,
    PredictionType Prediction,
    ModelVariance Variance,
    GenerationOptions Generation,
    TrainingSummary? Training,
    string Device)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"""
        Images      {new ImageShape(Channels, ImageHeight, ImageWidth)}
        Classes     {(ClassNames.Count == 0 ? "none" : $"{ClassNames.Count}: {string.Join(", ", ClassNames)}")}
        Network     {Network}
        Parameters  {NumberOfParameters:N0}, {NumberOfParameters * sizeof(float) / 1048576.0:F1} MiB
        Schedule    {Schedule}
        Prediction  {Prediction}, {(Variance == ModelVariance.LearnedRange ? "learned" : "fixed")} variance
        Sampler     {Generation}
        Training    {Training?.ToString() ?? "unknown"}
        Device      {Device}
        """).ReplaceLineEndings("\n");
}
