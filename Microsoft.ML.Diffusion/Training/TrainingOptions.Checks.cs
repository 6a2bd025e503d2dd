using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Training;
using static Microsoft.ML.Diffusion.Runtime.Check;

namespace Microsoft.ML.Diffusion;

/// <content>What must hold of the options, and what they make of the loss.</content>
public sealed partial record TrainingOptions
{
    internal void Validate()
    {
        Require(
            NumberOfSteps is null or >= 1,
            nameof(NumberOfSteps),
            NumberOfSteps,
            "must be at least 1; leave it null for no such budget");
        Require(
            NumberOfEpochs is null or >= 1,
            nameof(NumberOfEpochs),
            NumberOfEpochs,
            "must be at least 1; leave it null for no such budget");
        Require(
            NumberOfImages is null or >= 1,
            nameof(NumberOfImages),
            NumberOfImages,
            "must be at least 1; leave it null for no such budget");
        Require(
            Duration is null || Duration > TimeSpan.Zero,
            nameof(Duration),
            Duration,
            "must be above zero; leave it null for no such budget");
        Require(BatchSize is >= 1 and <= Limits.BatchSize, nameof(BatchSize), BatchSize, $"must be from 1 to {Limits.BatchSize}");
        Require(
            GradientAccumulationSteps >= 1,
            nameof(GradientAccumulationSteps),
            GradientAccumulationSteps,
            "must be at least 1, which takes the batch in one piece");
        Require(
            GradientSliceMegabytes > 0,
            nameof(GradientSliceMegabytes),
            GradientSliceMegabytes,
            "must be above 0; infinity adds up all gradients at once");
        Require(
            Loss is null || Enum.IsDefined(Loss.Value),
            nameof(Loss),
            Loss,
            "must be Simple, Variational or Hybrid; leave it null to decide by the variance");
        Require(
            VariationalWeight > 0 && double.IsFinite(VariationalWeight),
            nameof(VariationalWeight),
            VariationalWeight,
            "must be a number above 0, because without L_vlb nothing teaches the variance");
        Require(
            MinimumSnrGamma is null || (MinimumSnrGamma > 0 && double.IsFinite(MinimumSnrGamma.Value)),
            nameof(MinimumSnrGamma),
            MinimumSnrGamma,
            "must be a number above 0; leave it null to weight all timesteps alike");
        Require(
            MinimumSnrPower is > 0 and <= 1,
            nameof(MinimumSnrPower),
            MinimumSnrPower,
            "must be in (0, 1]; set MinimumSnrGamma to null to weight all timesteps alike");
        Require(Enum.IsDefined(TimestepSampling), nameof(TimestepSampling), TimestepSampling, "must be Uniform or LossAware");
        Require(LearningRate > 0 && double.IsFinite(LearningRate), nameof(LearningRate), LearningRate, "must be a number above 0");
        Require(
            Enum.IsDefined(LearningRateSchedule),
            nameof(LearningRateSchedule),
            LearningRateSchedule,
            "must be Constant, Linear or Cosine");
        Require(WarmupSteps >= 0, nameof(WarmupSteps), WarmupSteps, "must be at least 0");
        Require(WeightDecay >= 0 && double.IsFinite(WeightDecay), nameof(WeightDecay), WeightDecay, "must be a number of at least 0");
        Require(
            AdamBeta2 is >= 0 and < 1,
            nameof(AdamBeta2),
            AdamBeta2,
            "must be in [0, 1), because at 1 the mean of squared gradients would never leave its start; 0.999 and 0.99 are usual");
        Require(MaximumGradientNorm > 0, nameof(MaximumGradientNorm), MaximumGradientNorm, "must be above 0; infinity turns clipping off");
        Require(
            EmaDecay is >= 0 and < 1,
            nameof(EmaDecay),
            EmaDecay,
            "must be in [0, 1), because at 1 the average would never leave its start");
        Require(Enum.IsDefined(Precision), nameof(Precision), Precision, "must be Automatic, Float32 or BFloat16");
        Require(LabelDropout is >= 0 and <= 1, nameof(LabelDropout), LabelDropout, "must be in [0, 1], because it is a probability");
        Require(ReportEverySteps >= 1, nameof(ReportEverySteps), ReportEverySteps, "must be at least 1");
        Require(
            MaximumConsecutiveSkippedSteps >= 0,
            nameof(MaximumConsecutiveSkippedSteps),
            MaximumConsecutiveSkippedSteps,
            "must be at least 0, which ends the run at the first step that fails");
        Require(
            MaximumImageMemory >= 0,
            nameof(MaximumImageMemory),
            MaximumImageMemory,
            "must be at least 0 bytes, which keeps all images in a temporary file");
        Require(
            CheckpointDirectory is null || !string.IsNullOrWhiteSpace(CheckpointDirectory),
            nameof(CheckpointDirectory),
            CheckpointDirectory,
            "must be the path of a folder; leave it null for no checkpoints");
        Require(CheckpointEverySteps >= 1, nameof(CheckpointEverySteps), CheckpointEverySteps, "must be at least 1");
        Require(
            KeepCheckpoints >= 1,
            nameof(KeepCheckpoints),
            KeepCheckpoints,
            $"must be at least 1; leave {new OptionName(nameof(CheckpointDirectory))} null for no checkpoints");
        ArgumentNullException.ThrowIfNull(Validation);
        Validation.Validate();
        Augmentation?.Validate();
        SampleGrid?.Validate();
        Require(
            ModelFile is null || !string.IsNullOrWhiteSpace(ModelFile),
            nameof(ModelFile),
            ModelFile,
            "must be the path of a file; leave it null for none");
        Require(
            ModelFileEveryFraction is > 0 and <= 1,
            nameof(ModelFileEveryFraction),
            ModelFileEveryFraction,
            "must be above 0 and at most 1, because it is a share of the budget");
    }

    /// <summary>Checks what the loss needs of the model.</summary>
    internal void ValidateFor(NoiseSchedule schedule, ModelVariance variance)
    {
        var isLearned = variance == ModelVariance.LearnedRange;
        Require(
            !isLearned || Loss != TrainingLoss.Simple,
            nameof(Loss),
            Loss,
            "must be Hybrid or Variational with Variance = LearnedRange, because Simple teaches no variance");
        Require(
            isLearned || Loss != TrainingLoss.Hybrid,
            nameof(Loss),
            Loss,
            "must be Simple or Variational with Variance = Fixed, because the other half of Hybrid teaches the variance");
        Require(
            MinimumSnrGamma is null || Loss != TrainingLoss.Variational,
            nameof(MinimumSnrGamma),
            MinimumSnrGamma,
            "must be null with Loss = Variational, because it weights the squared error");
        Require(
            MinimumSnrGamma is null || schedule.AlphaBar(schedule.NumberOfTrainingTimesteps - 1) > 0,
            nameof(MinimumSnrGamma),
            MinimumSnrGamma,
            "must be null with a schedule of zero terminal SNR, because its last timestep would have weight 0 and never be learned");
    }

    /// <summary>Checks what is asked of the device.</summary>
    internal void ValidateFor(ComputeDevice device) => Require(
        Precision != TrainingPrecision.BFloat16 || device.Kind != DeviceKind.Cpu,
        nameof(Precision),
        Precision,
        "must be Automatic or Float32 on the device \"cpu\", because that computes in float32 alone; Automatic is bfloat16 where there is CUDA");

    /// <summary>The loss of each image, for a model of these properties.</summary>
    internal TrainingObjective Objective(NoiseSchedule schedule, PredictionType prediction, ModelVariance variance)
    {
        return new TrainingObjective(new GaussianDiffusion(schedule, prediction), LossFor(variance), variance.OfSteps)
        {
            VariationalWeight = VariationalWeight,
            SnrWeights = SnrWeights,
        };
    }

    /// <summary>The weights of the squared error; null for none.</summary>
    internal MinimumSnr? SnrWeights => MinimumSnrGamma is { } gamma ? new MinimumSnr(gamma, MinimumSnrPower) : null;

    /// <summary>The loss that is minimized for a variance.</summary>
    internal TrainingLoss LossFor(ModelVariance variance) =>
        Loss ?? (variance == ModelVariance.LearnedRange ? TrainingLoss.Hybrid : TrainingLoss.Simple);
}
