namespace Microsoft.ML.Diffusion;

/// <summary>What a model file holds, found without running or loading any of it.</summary>
/// <param name="FormatVersion">The version of the format, from 1; docs/model-format.md has the list.</param>
/// <param name="Library">The library that wrote it and its version.</param>
/// <param name="Description">The model in words: its images, network, schedule and prediction.</param>
/// <param name="Training">How the model was trained; <see langword="null"/> if the file does not say.</param>
/// <param name="Entries">All entries of the zip.</param>
/// <param name="Assemblies">The full names of the assemblies that ML.NET would load for it, in order.</param>
/// <param name="HashesMatch">Whether every tensor of the weights matches its SHA-256.</param>
/// <param name="StreamsVersion">
/// The version of the random numbers that the model's seeds draw their images by, from 1; <see langword="null"/> in formats 1 and 2, whose seeds draw
/// other images now than when they were saved. docs/long-runs.md says what seeds promise.
/// </param>
public sealed record ModelInspection(
    int FormatVersion,
    string Library,
    string Description,
    TrainingSummary? Training,
    IReadOnlyList<ModelEntry> Entries,
    IReadOnlyList<string> Assemblies,
    bool HashesMatch,
    int? StreamsVersion);

/// <summary>An entry of a model file.</summary>
/// <param name="Name">Its path inside the zip.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="CompressedBytes">The bytes of the file that it takes.</param>
public sealed record ModelEntry(string Name, long Bytes, long CompressedBytes);
