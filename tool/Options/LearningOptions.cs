using System.CommandLine;
using Diffusion.Tool.Running;

namespace Diffusion.Tool.Options;

/// <summary>The options that decide how the model learns.</summary>
internal sealed class LearningOptions
{
    private static readonly TrainingOptions _defaults = new();

    private readonly Option<int?> _steps =
        Values.Whole("--steps", "N", "Train for this many steps [default: 20000 if neither --epochs nor --time is given]");
    private readonly Option<int?> _epochs = Values.Whole("--epochs", "N", "Train for this many passes over the pictures");
    private readonly Option<TimeSpan?> _time = Values.Time("--time", "Train for this long: 90s, 45m, 1.5h, 2d or 1:30:00");
    private readonly Option<int?> _batch = Values.Whole("--batch", "N", $"Pictures in a training step [default: {_defaults.BatchSize}]");
    private readonly Option<int?> _accumulate =
        Values.Whole(
            "--accumulate",
            "N",
            $"Parts in which a step's pictures go through the network, to save memory [default: {_defaults.GradientAccumulationSteps}]");
    private readonly Option<double?> _learningRate =
        Values.Real(
            "--learning-rate",
            "RATE",
            $"Highest learning rate; short runs learn faster with 0.001 to 0.002 [default: {Values.Number(_defaults.LearningRate)}]");
    private readonly Option<int?> _warmup =
        Values.Whole(
            "--warmup",
            "N",
            $"Steps over which the learning rate rises to its highest [default: {_defaults.WarmupSteps}]",
            minimum: 0);
    private readonly Option<double?> _ema =
        Values.Real(
            "--ema",
            "DECAY",
            $"Decay per step of the average of weights that the model uses; at step n at most (1 + n) / (10 + n) [default: {Values.Number(_defaults.EmaDecay)}]");
    private readonly Option<bool> _flip = new("--flip") { Description = "Mirror pictures left to right at random while training" };
    private readonly Option<double?> _labelDropout =
        Values.Real(
            "--label-dropout",
            "P",
            $"Probability of hiding a label, so that pictures can be drawn without one and by guidance [default: {Values.Number(_defaults.LabelDropout)}]");
    private readonly Option<string?> _checkpoint =
        Values.Text(
            "--checkpoint",
            "FOLDER",
            "Keep checkpoints in this folder: after Ctrl+C, a crash or a kill the same command goes on from there");
    private readonly Option<int?> _checkpointEvery =
        Values.Whole("--checkpoint-every", "N", $"Steps from one checkpoint to the next [default: {_defaults.CheckpointEverySteps}]");
    private readonly Option<double?> _validation =
        Values.Real("--validation", "FRACTION", "Share of the pictures to judge by and not learn from, such as 0.1");
    private readonly Option<bool> _keepBest =
        new("--keep-best") { Description = "Take the weights of the lowest validation loss, not the last ones" };
    private readonly Option<int?> _patience =
        Values.Whole("--patience", "N", "End training after this many validations (one an epoch) without a lower loss");

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _steps, _epochs, _time, _batch, _accumulate, _learningRate, _warmup, _ema, _flip, _labelDropout, _checkpoint, _checkpointEvery, _validation, _keepBest, _patience })
        {
            command.Add(option);
        }
    }

    /// <summary>Reads the options of a run.</summary>
    public TrainingOptions Read(ParseResult parsed)
    {
        if (parsed.GetValue(_checkpoint) is null)
        {
            RequireAbsent(parsed, "--checkpoint FOLDER, because that says where checkpoints go", _checkpointEvery);
        }

        if (parsed.GetValue(_validation) is null or 0)
        {
            RequireAbsent(parsed, "--validation, because it is about the validation loss", _keepBest, _patience);
        }

        return _defaults with
        {
            NumberOfSteps = parsed.GetValue(_steps),
            NumberOfEpochs = parsed.GetValue(_epochs),
            Duration = parsed.GetValue(_time),
            BatchSize = parsed.GetValue(_batch) ?? _defaults.BatchSize,
            GradientAccumulationSteps = parsed.GetValue(_accumulate) ?? _defaults.GradientAccumulationSteps,
            LearningRate = parsed.GetValue(_learningRate) ?? _defaults.LearningRate,
            WarmupSteps = parsed.GetValue(_warmup) ?? _defaults.WarmupSteps,
            EmaDecay = parsed.GetValue(_ema) ?? _defaults.EmaDecay,
            FlipHorizontally = parsed.GetValue(_flip),
            LabelDropout = parsed.GetValue(_labelDropout) ?? _defaults.LabelDropout,
            CheckpointDirectory = parsed.GetValue(_checkpoint),
            CheckpointEverySteps = parsed.GetValue(_checkpointEvery) ?? _defaults.CheckpointEverySteps,
            Validation = new ValidationOptions
            {
                Share = parsed.GetValue(_validation) ?? 0,
                KeepBest = parsed.GetValue(_keepBest),
                Patience = parsed.GetValue(_patience),
            },
        };
    }

    private static void RequireAbsent(ParseResult parsed, string need, params Option[] options)
    {
        if (Array.Find(options, parsed.IsGiven) is { } option)
        {
            throw new UsageException($"{option.Name} needs {need}. Add it, or leave {option.Name} out.");
        }
    }
}
