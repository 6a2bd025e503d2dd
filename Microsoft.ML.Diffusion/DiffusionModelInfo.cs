using System.Globalization;
using Microsoft.ML.Diffusion.Images;

namespace Microsoft.ML.Diffusion;

/// <summary>What a diffusion model is: <see cref="DiffusionTransformer.Describe"/>. Its text is one fact a line.</summary>
public sealed class DiffusionModelInfo
{
    internal DiffusionModelInfo(
        int imageWidth,
        int imageHeight,
        int channels,
        IReadOnlyList<string> classNames,
        UNetOptions network,
        long numberOfParameters,
        NoiseSchedule schedule,
        PredictionType prediction,
        ModelVariance variance,
        GenerationOptions generation,
        TrainingSummary? training,
        string device)
    {
        ImageWidth = imageWidth;
        ImageHeight = imageHeight;
        Channels = channels;
        ClassNames = classNames;
        Network = network;
        NumberOfParameters = numberOfParameters;
        Schedule = schedule;
        Prediction = prediction;
        Variance = variance;
        Generation = generation;
        Training = training;
        Device = device;
    }

    /// <summary>Gets the width in pixels of the images.</summary>
    public int ImageWidth { get; }

    /// <summary>Gets the height in pixels of the images.</summary>
    public int ImageHeight { get; }

    /// <summary>Gets the number of colour channels: 1 (grey) or 3.</summary>
    public int Channels { get; }

    /// <summary>Gets the classes that the model can generate; empty if it has none.</summary>
    public IReadOnlyList<string> ClassNames { get; }

    /// <summary>Gets the shape of the network.</summary>
    public UNetOptions Network { get; }

    /// <summary>Gets the number of weights.</summary>
    public long NumberOfParameters { get; }

    /// <summary>Gets the noise schedule.</summary>
    public NoiseSchedule Schedule { get; }

    /// <summary>Gets what the network predicts.</summary>
    public PredictionType Prediction { get; }

    /// <summary>Gets what the network knows about the variance of its steps.</summary>
    public ModelVariance Variance { get; }

    /// <summary>Gets how the model generates when it is not told otherwise.</summary>
    public GenerationOptions Generation { get; }

    /// <summary>Gets how the model was trained; <see langword="null"/> if that is not known.</summary>
    public TrainingSummary? Training { get; }

    /// <summary>Gets where the model runs.</summary>
    public string Device { get; }

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
