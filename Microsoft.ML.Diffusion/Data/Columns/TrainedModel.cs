using Microsoft.ML.Diffusion.Model;

namespace Microsoft.ML.Diffusion.Data.Columns;

/// <summary>All that a model is outside of a process: what is trained, imported, saved and loaded.</summary>
/// <param name="Model">The network and what it is.</param>
/// <param name="Columns">The columns that it was trained with and answers with.</param>
/// <param name="Generation">How it generates when it is not told otherwise.</param>
/// <param name="Training">How it was trained; null if that is not known.</param>
/// <param name="Digest">What identifies the file that it was loaded from; null if there is none.</param>
internal sealed record TrainedModel(
    DiffusionModel Model,
    TransformerColumns Columns,
    GenerationOptions Generation,
    TrainingSummary? Training,
    string? Digest = null);
