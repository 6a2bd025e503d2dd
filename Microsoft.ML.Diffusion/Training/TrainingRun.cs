using Microsoft.ML.Diffusion.Data.Training;
using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>What is trained on what, and how.</summary>
/// <param name="Network">With the weights to start from.</param>
/// <param name="Model">What the network is part of.</param>
/// <param name="Options">How it is trained.</param>
/// <param name="Generation">How the model is to generate.</param>
/// <param name="Seed">The seed.</param>
/// <param name="Images">What to learn.</param>
/// <param name="Validation">Images to judge by; null for none.</param>
internal sealed record TrainingRun(
    Network Network,
    ModelDescription Model,
    TrainingOptions Options,
    GenerationOptions Generation,
    long Seed,
    TrainingSet Images,
    TrainingSet? Validation)
{
    /// <summary>The processes that train together.</summary>
    public RunGroup Group { get; init; } = RunGroup.Alone;

    /// <summary>Whether the network's weights are those of a trained model.</summary>
    public bool IsFineTuned { get; init; }

    /// <summary>Whose steps the network learns; null where it learns from images alone.</summary>
    public Teacher? Teacher { get; init; }

    /// <summary>Where the network is.</summary>
    public ComputeDevice Device => Network.Device;
}

/// <summary>Who is told of a run.</summary>
/// <param name="Report">Receives progress.</param>
/// <param name="Warn">Receives what is wrong with the run, and how to mend it.</param>
/// <param name="SaveModel">Saves the network, which has the averaged weights then, as a model of the run so far; null for nobody.</param>
internal sealed record RunListeners(Action<TrainingProgress> Report, Action<OptionText> Warn, Action<TrainingSummary>? SaveModel = null)
{
    /// <summary>Those of a process that is not the first of its run.</summary>
    public static RunListeners None { get; } = new(_ => { }, _ => { });

    /// <summary>Receives, at the end, how long gradients were added up over processes.</summary>
    public Action<GroupClock> Tell { get; init; } = _ => { };
}
