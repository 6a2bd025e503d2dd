using System.Numerics;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <summary>How <see cref="DiffusionCatalog.Distill"/> makes a student that generates in a few steps.</summary>
/// <remarks>
/// Stage by stage, a student that starts as a copy of its teacher learns to take in one DDIM step what the teacher takes two for, and is the teacher of the next:
/// from 64 steps to 32, to 16, ... (progressive distillation, Salimans and Ho 2022, algorithm 2).
/// </remarks>
public sealed record DistillationOptions
{
    /// <summary>Gets the number of steps in which the student generates.</summary>
    /// <value>A power of two from 1 to 64. The default is 4.</value>
    public int Steps { get; init; } = 4;

    /// <summary>Gets the number of DDIM steps that the given model takes as the first teacher.</summary>
    /// <value>A power of two above <see cref="Steps"/>, at most T. The default is 64; with fewer there are fewer stages, each of which has more of the budget.</value>
    public int TeacherSteps { get; init; } = 64;

    /// <summary>Gets how far the given model is pushed towards an image's class. The student learns the result as its own, and is guided no more.</summary>
    /// <value>A number of at least 0; <see langword="null"/>, the default, is the scale by which the model generates.</value>
    public double? GuidanceScale { get; init; }

    /// <summary>
    /// Gets the settings of the training. Its budgets are those of all stages together, which have equal shares of it; checkpoints are in a folder for each
    /// stage, and the rate starts anew with each.
    /// </summary>
    /// <value>
    /// The default is batches of 32 at rates from 1e-3 down to 0 in a straight line, without warm-up, and an average that goes back over some 200 steps. Without a
    /// budget there are 20,000 steps in all. There are no epochs, augmentation or loss-aware timesteps here.
    /// </value>
    public TrainingOptions Training { get; init; } = new()
    {
        BatchSize = 32,
        LearningRate = 1e-3,
        LearningRateSchedule = LearningRateSchedule.Linear,
        WarmupSteps = 0,
        EmaDecay = 0.995,
    };

    /// <summary>Gets the seed of the order of the images and of all noise.</summary>
    /// <value><see langword="null"/>, the default, takes the seed of the <see cref="MLContext"/>, or a fresh one that is reported in its log.</value>
    public long? Seed { get; init; }

    /// <inheritdoc/>
    public override string ToString() => RecordText.Of(this);

    internal int Stages => BitOperations.Log2((uint)(TeacherSteps / Steps));

    internal void ValidateFor(NoiseSchedule schedule)
    {
        ArgumentNullException.ThrowIfNull(Training);
        Check.Require(
            Steps <= 64 && IsPowerOfTwo(Steps),
            nameof(Steps),
            Steps,
            "must be 1, 2, 4, 8, 16, 32 or 64, because each stage halves the steps of the one before");
        Check.Require(
            TeacherSteps > Steps && IsPowerOfTwo(TeacherSteps) && TeacherSteps <= schedule.NumberOfTrainingTimesteps,
            nameof(TeacherSteps),
            TeacherSteps,
            $"must be a power of two above Steps and at most the {schedule.NumberOfTrainingTimesteps} timesteps of the model, because each stage halves the steps of the one before; 64 will mostly do");
        Check.Require(
            GuidanceScale is null || (GuidanceScale >= 0 && double.IsFinite(GuidanceScale.Value)),
            nameof(GuidanceScale),
            GuidanceScale,
            "must be a number of at least 0; leave it null for that of the model");
        Training.Validate();
        Require(
            Training.NumberOfEpochs is null,
            nameof(TrainingOptions.NumberOfEpochs),
            Training.NumberOfEpochs,
            "must be null, because stages have equal shares of steps, images or time: set one of these");
        Require(
            Training.NumberOfSteps is null || Training.NumberOfSteps >= Stages,
            nameof(TrainingOptions.NumberOfSteps),
            Training.NumberOfSteps,
            $"must be at least {Stages}, one for each stage");
        Require(
            Training.Augmentation is null,
            nameof(TrainingOptions.Augmentation),
            Training.Augmentation,
            "must be null, because the teacher knows nothing of it; FlipHorizontally may be set");
        Require(
            Training.TimestepSampling == TimestepSampling.Uniform,
            nameof(TrainingOptions.TimestepSampling),
            Training.TimestepSampling,
            "must be Uniform, because a student learns from the timesteps of its steps alone");
        Require(
            Training.Loss is null or TrainingLoss.Simple,
            nameof(TrainingOptions.Loss),
            Training.Loss,
            "must be null or Simple, because the bound is one of images, not of a teacher's steps");
    }

    /// <summary>The settings of a stage: its share of the budgets, and a folder of its own.</summary>
    /// <param name="stage">Its number, from 0.</param>
    internal TrainingOptions OfStage(int stage)
    {
        var isFree = Training is { NumberOfSteps: null, NumberOfImages: null, Duration: null };
        return Training with
        {
            NumberOfSteps = (int?)Share(isFree ? 20_000 : Training.NumberOfSteps, stage),
            NumberOfImages = Training.NumberOfImages is { } images ? Math.Max(1, Share(images, stage)!.Value) : null,
            Duration = Training.Duration / Stages,
            CheckpointDirectory =
                Training.CheckpointDirectory is { } directory ? Path.Combine(directory, $"{TeacherSteps >> (stage + 1)}-steps") : null,
        };
    }

    // Whatever is left goes to the last stages.
    private long? Share(long? all, int stage) => (all * (stage + 1) / Stages) - (all * stage / Stages);

    private static bool IsPowerOfTwo(int number) => number > 0 && BitOperations.IsPow2(number);

    private static void Require(bool holds, string name, object? value, string rule) =>
        Check.Require(holds, $"{nameof(Training)}.{name}", value, rule);
}
