namespace Microsoft.ML.Diffusion.Persistence.ModelFile;

/// <summary>The columns that a model adds besides the generated images, and how they are computed.</summary>
internal sealed record OutputColumnConfig(
    string? GeneratedPixels,
    string? Reconstructed,
    string? ReconstructedPixels,
    string? Latent,
    string? BitsPerDimension,
    string? ReconstructionError,
    string LatentKind,
    int? LatentTimestep,
    SamplerConfig? EncodingSampler,
    int? NumberOfLikelihoodTimesteps);
