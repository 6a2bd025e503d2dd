using System.CommandLine;
using Diffusion.Tool.Running;

namespace Diffusion.Tool.Options;

/// <summary>The options that decide how the model learns.</summary>
internal sealed class LearningOptions
{
    private const double UsualShare = 0.1;

    private static readonly TrainingOptions _defaults = new();
    private static readonly TimeSpan _usualTime = TimeSpan.FromMinutes(30);

    private readonly Option<int?> _steps =
        Values.Whole("--steps", "N", "Train for this many steps");
    private readonly Option<int?> _epochs = Values.Whole("--epochs", "N", "Train for this many passes over the pictures");
    private readonly Option<TimeSpan?> _time = Values.Time("--time", "Train for this long: 90s, 45m, 1.5h, 2d or 1:30:00 [default: 30m if neither --steps nor --epochs is given]. What is not given of the network and of how it learns is planned for this time, the pictures and the machine");
    private readonly Option<int?> _batch = Values.Whole("--batch", "N", $"Pictures in a training step {Values.Planned(_defaults.BatchSize)}");
    private readonly Option<int?> _accumulate =
        Values.Whole(
            "--accumulate",
            "N",
            $"Parts in which a step's pictures go through the network, to save memory [default: {_defaults.GradientAccumulationSteps}]");
    private readonly Option<double?> _learningRate =
        Values.Real(
            "--learning-rate",
            "RATE",
            $"Highest learning rate; short runs learn faster with 0.001 to 0.002, with --prediction sample up to 0.004 {Values.Planned(Values.Number(_defaults.LearningRate))}");
    private readonly Option<int?> _warmup =
        Values.Whole(
            "--warmup",
            "N",
            $"Steps over which the learning rate rises to its highest {Values.Planned(_defaults.WarmupSteps)}",
            minimum: 0);
    private readonly Option<double?> _ema =
        Values.Real(
            "--ema",
            "DECAY",
            $"Decay per step of the average of weights that the model uses; at step n at most (1 + n) / (10 + n) {Values.Planned(Values.Number(_defaults.EmaDecay))}");
    private readonly Option<bool> _flip = new("--flip") { Description = "Mirror pictures left to right at random while training" };
    private readonly Option<string?> _augment =
        Values.Choice(
            "--augment",
            "on|off",
            "Flip, turn, shift, scale and rotate pictures at random while training, which the network is told so that it draws none like that: for few pictures [default: planned, or off]",
            ["on", "off"]);
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
        Values.Real("--validation", "FRACTION", $"Share of the pictures to judge by and not learn from, such as 0.1 [default: planned: {Values.Number(UsualShare)} of 200 pictures or more, or with --keep-best or --patience; with --steps or --epochs none]");
    private readonly Option<bool> _keepBest =
        new("--keep-best") { Description = "Take the weights of the lowest validation loss, not the last ones" };
    private readonly Option<int?> _patience =
        Values.Whole("--patience", "N", "End training after this many validations (one an epoch) without a lower loss");

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _steps, _epochs, _time, _batch, _accumulate, _learningRate, _warmup, _ema, _flip, _augment, _labelDropout, _checkpoint, _checkpointEvery, _validation, _keepBest, _patience })
        {
            command.Add(option);
        }
    }

    /// <summary>The time that a training is planned for; <see langword="null"/> where steps or epochs are given instead.</summary>
    public TimeSpan? Budget(ParseResult parsed) =>
        parsed.GetValue(_time) ?? (parsed.GetValue(_steps) is null && parsed.GetValue(_epochs) is null ? _usualTime : null);

    /// <summary>Checks what goes together.</summary>
    public void Check(ParseResult parsed)
    {
        if (parsed.GetValue(_checkpoint) is null)
        {
            RequireAbsent(parsed, "--checkpoint FOLDER, because that says where checkpoints go", _checkpointEvery);
        }

        if (parsed.GetValue(_validation) == 0 || (parsed.GetValue(_validation) is null && Budget(parsed) is null))
        {
            RequireAbsent(parsed, "--validation, because it is about the validation loss", _keepBest, _patience);
        }
    }

    /// <summary>Sets what is given.</summary>
    /// <param name="parsed">What was typed.</param>
    /// <param name="options">Other options: the defaults, or what was planned.</param>
    public TrainingOptions Apply(ParseResult parsed, TrainingOptions options) => options with
    {
        NumberOfSteps = parsed.GetValue(_steps),
        NumberOfEpochs = parsed.GetValue(_epochs),
        BatchSize = parsed.GetValue(_batch) ?? options.BatchSize,
        GradientAccumulationSteps = parsed.GetValue(_accumulate) ?? options.GradientAccumulationSteps,
        LearningRate = parsed.GetValue(_learningRate) ?? options.LearningRate,
        WarmupSteps = parsed.GetValue(_warmup) ?? options.WarmupSteps,
        EmaDecay = parsed.GetValue(_ema) ?? options.EmaDecay,
        FlipHorizontally = parsed.GetValue(_flip),
        Augmentation = parsed.GetValue(_augment) switch
        {
            "on" => options.Augmentation ?? new AugmentationOptions(),
            "off" => null,
            _ => options.Augmentation,
        },
        LabelDropout = parsed.GetValue(_labelDropout) ?? options.LabelDropout,
        CheckpointDirectory = parsed.GetValue(_checkpoint),
        CheckpointEverySteps = parsed.GetValue(_checkpointEvery) ?? options.CheckpointEverySteps,
        Validation = options.Validation with
        {
            Share = parsed.GetValue(_validation) ?? (IsJudged(parsed) ? UsualShare : options.Validation.Share),
            KeepBest = parsed.GetValue(_keepBest),
            Patience = parsed.GetValue(_patience),
        },
    };

    private bool IsJudged(ParseResult parsed) => parsed.GetValue(_keepBest) || parsed.GetValue(_patience) is not null;

    private static void RequireAbsent(ParseResult parsed, string need, params Option[] options)
    {
        if (Array.Find(options, parsed.IsGiven) is { } option)
        {
            throw new UsageException($"{option.Name} needs {need}. Add it, or leave {option.Name} out.");
        }
    }
}
