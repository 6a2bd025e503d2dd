namespace Microsoft.ML.Diffusion.Data.Training;

/// <summary>What a training asks of its images.</summary>
/// <param name="Network">The network that their size must fit; null for one that will be chosen by their size.</param>
/// <param name="Channels">The number of channels; null for as many as they have.</param>
/// <param name="MaximumMemory">Bytes of them that are kept in memory; what is beyond goes into a file.</param>
internal sealed record TrainingSetNeeds(UNetOptions? Network, int? Channels, long MaximumMemory);
