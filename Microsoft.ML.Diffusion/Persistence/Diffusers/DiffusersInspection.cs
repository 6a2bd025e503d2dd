using System.Globalization;

namespace Microsoft.ML.Diffusion;

/// <summary>What a folder of Python's diffusers holds: <see cref="DiffusionCatalog.InspectDiffusers"/>. Its text is one fact a line.</summary>
/// <param name="Pipeline">DDPMPipeline or DDIMPipeline; <see langword="null"/> for a network without a pipeline.</param>
/// <param name="Description">The model in words: its images, network, schedule and prediction.</param>
/// <param name="Generation">How the model generates when it is not told otherwise.</param>
/// <param name="ClassNames">The classes that it can draw; empty if it has none.</param>
/// <param name="WeightsFile">Where the weights are, from the folder on, with <c>/</c> between names.</param>
/// <param name="WeightTypes">The number formats of the weights, as safetensors calls them, such as F32.</param>
/// <param name="NumberOfTensors">Number of tensors of weights.</param>
/// <param name="NumberOfParameters">Number of weights.</param>
public sealed record DiffusersInspection(
    string? Pipeline,
    string Description,
    string Generation,
    IReadOnlyList<string> ClassNames,
    string WeightsFile,
    IReadOnlyList<string> WeightTypes,
    int NumberOfTensors,
    long NumberOfParameters)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"""
        Model    {Description}
        Classes  {(ClassNames.Count == 0 ? "none" : $"{ClassNames.Count}: {string.Join(", ", ClassNames)}")}
        Sampler  {Generation}
        Format   diffusers, {Pipeline ?? "a network without a pipeline"}
        Weights  {WeightsFile}: {NumberOfParameters:N0} of {string.Join(", ", WeightTypes)} in {NumberOfTensors} tensors
        """).ReplaceLineEndings("\n");
}
