using Microsoft.ML.Diffusion.Data.Training;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>What is trained on what, and how.</summary>
/// <param name="Network">With the weights to start from.</param>
/// <param name="Model">What the network is part of.</param>
/// <param name="Options">How it is trained.</param>
/// <param name="Generation">How the model is to generate.</param>
/// <param name="Seed">The seed.</param>
/// <param name="Device">Where the network is.</param>
/// <param name="Images">What to learn.</param>
/// <param name="Validation">Images to judge by; null for none.</param>
internal sealed record TrainingRun(
    UNet Network,
    ModelDescription Model,
    TrainingOptions Options,
    GenerationOptions Generation,
    long Seed,
    Device Device,
    TrainingSet Images,
    TrainingSet? Validation);
