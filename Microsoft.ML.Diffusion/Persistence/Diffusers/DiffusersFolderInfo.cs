using System.Globalization;

namespace Microsoft.ML.Diffusion;

/// <summary>What a folder of Python's diffusers holds: <see cref="DiffusionCatalog.InspectDiffusers"/>. Its text is one fact a line.</summary>
public sealed class DiffusersFolderInfo
{
    internal DiffusersFolderInfo(
        string? pipeline,
        string description,
        string generation,
        IReadOnlyList<string> classNames,
        string weightsFile,
        IReadOnlyList<string> weightTypes,
        int numberOfTensors,
        long numberOfParameters)
    {
        Pipeline = pipeline;
        Description = description;
        Generation = generation;
        ClassNames = classNames;
        WeightsFile = weightsFile;
        WeightTypes = weightTypes;
        NumberOfTensors = numberOfTensors;
        NumberOfParameters = numberOfParameters;
    }

    /// <summary>Gets the pipeline: DDPMPipeline or DDIMPipeline; <see langword="null"/> for a network without one.</summary>
    public string? Pipeline { get; }

    /// <summary>Gets the model in words: its images, network, schedule and prediction.</summary>
    public string Description { get; }

    /// <summary>Gets how the model generates when it is not told otherwise, in words.</summary>
    public string Generation { get; }

    /// <summary>Gets the classes that the model can generate; empty if it has none.</summary>
    public IReadOnlyList<string> ClassNames { get; }

    /// <summary>Gets where the weights are, from the folder on, with <c>/</c> between names.</summary>
    public string WeightsFile { get; }

    /// <summary>Gets the number formats of the weights, as safetensors calls them, such as F32.</summary>
    public IReadOnlyList<string> WeightTypes { get; }

    /// <summary>Gets the number of tensors of weights.</summary>
    public int NumberOfTensors { get; }

    /// <summary>Gets the number of weights.</summary>
    public long NumberOfParameters { get; }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"""
        Model    {Description}
        Classes  {(ClassNames.Count == 0 ? "none" : $"{ClassNames.Count}: {string.Join(", ", ClassNames)}")}
        Sampler  {Generation}
        Format   diffusers, {Pipeline ?? "a network without a pipeline"}
        Weights  {WeightsFile}: {NumberOfParameters:N0} of {string.Join(", ", WeightTypes)} in {NumberOfTensors} tensors
        """).ReplaceLineEndings("\n");
}
