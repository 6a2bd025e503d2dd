namespace Microsoft.ML.Diffusion;

/// <summary>How a model is trained. The run ends at the first of its budgets that is reached.</summary>
public sealed record TrainingOptions
{
    /// <summary>Gets the number of optimizer steps.</summary>
    /// <value>At least 1. The default is 20,000 if no budget is set.</value>
    public int? NumberOfSteps { get; init; }

    /// <summary>Gets the number of passes over the images.</summary>
    /// <value>At least 1; <see langword="null"/>, the default, sets no such budget.</value>
    public int? NumberOfEpochs { get; init; }

    /// <summary>Gets the time to train. Such a run is not reproducible: how far it gets depends on the machine.</summary>
    /// <value>Above zero; <see langword="null"/>, the default, sets no such budget.</value>
    public TimeSpan? Duration { get; init; }

    /// <summary>Gets the number of images of one optimizer step.</summary>
    /// <value>At least 1. The default is 64.</value>
    public int BatchSize { get; init; } = 64;

    /// <summary>Gets what training minimizes.</summary>
    /// <value>
    /// <see langword="null"/>, the default, is <see cref="TrainingLoss.Simple"/> for a fixed variance and <see cref="TrainingLoss.Hybrid"/> for a learned one.
    /// </value>
    public TrainingLoss? Loss { get; init; }

    /// <summary>Gets lambda, the share of L_vlb, in bits per dimension, in <see cref="TrainingLoss.Hybrid"/>.</summary>
    /// <value>Above 0. The default is 0.001, that of Nichol and Dhariwal 2021.</value>
    public double VariationalWeight { get; init; } = 0.001;

    /// <summary>
    /// Gets gamma, the bound on the signal-to-noise ratio that weights the squared error (min-SNR-gamma, Hang et al. 2023): the weight at t is
    /// min(SNR, gamma) for a prediction of x_0, divided by SNR for epsilon and by SNR + 1 for v.
    /// </summary>
    /// <value>Above 0, usually 5; <see langword="null"/>, the default, weights all timesteps alike. Not for <see cref="TrainingLoss.Variational"/>.</value>
    public double? MinimumSnrGamma { get; init; }

    /// <summary>Gets how the timestep of each image is drawn.</summary>
    /// <value>The default is <see cref="TimestepSampling.Uniform"/>.</value>
    public TimestepSampling TimestepSampling { get; init; }

    /// <summary>Gets the highest learning rate of AdamW.</summary>
    /// <value>Above 0. The default is 2e-4, that of the DDPM paper; short runs learn faster with 1e-3 to 2e-3.</value>
    public double LearningRate { get; init; } = 2e-4;

    /// <summary>Gets how the learning rate falls after the warm-up.</summary>
    /// <value>The default is <see cref="LearningRateSchedule.Cosine"/>.</value>
    public LearningRateSchedule LearningRateSchedule { get; init; } = LearningRateSchedule.Cosine;

    /// <summary>Gets the number of steps over which the learning rate rises in a straight line from zero.</summary>
    /// <value>At least 0. The default is 200.</value>
    public int WarmupSteps { get; init; } = 200;

    /// <summary>Gets the weight decay of AdamW, per step and unit of learning rate.</summary>
    /// <value>At least 0. The default is 0.</value>
    public double WeightDecay { get; init; }

    /// <summary>Gets the norm to which the gradient of all weights together is clipped.</summary>
    /// <value>Above 0; infinity clips nothing. The default is 1.</value>
    public double MaximumGradientNorm { get; init; } = 1;

    /// <summary>
    /// Gets the decay, per step, of the exponential moving average of the weights that the trained model uses. Early in the run the average
    /// forgets faster: the decay of step n is at most (1 + n) / (10 + n).
    /// </summary>
    /// <value>[0, 1). The default is 0.9999.</value>
    public double EmaDecay { get; init; } = 0.9999;

    /// <summary>Gets what the network computes in while it is trained.</summary>
    /// <value>The default, <see cref="TrainingPrecision.Automatic"/>, is bfloat16 on CUDA and float32 on the CPU.</value>
    public TrainingPrecision Precision { get; init; }

    /// <summary>Gets a value indicating whether each image is mirrored left to right with probability one half.</summary>
    /// <value>The default is <see langword="false"/>: letters and many other things have a side.</value>
    public bool FlipHorizontally { get; init; }

    /// <summary>Gets the probability with which a labelled image is shown without its label, so that the model also learns to generate without one.</summary>
    /// <value>[0, 1]. The default is 0.1.</value>
    public double LabelDropout { get; init; } = 0.1;

    /// <summary>Gets the receiver of progress reports.</summary>
    /// <value><see langword="null"/>, the default, reports to <c>MLContext.Log</c> only.</value>
    public IProgress<TrainingProgress>? Progress { get; init; }

    /// <summary>Gets the number of steps from one report to the next.</summary>
    /// <value>At least 1. The default is 50.</value>
    public int ReportEverySteps { get; init; } = 50;

    /// <summary>Gets the token that ends training between two steps by an <see cref="OperationCanceledException"/>.</summary>
    public CancellationToken CancellationToken { get; init; }

    internal void Validate()
    {
        Require(NumberOfSteps is null or >= 1, nameof(NumberOfSteps), NumberOfSteps, "must be at least 1; leave it null for no such budget");
        Require(NumberOfEpochs is null or >= 1, nameof(NumberOfEpochs), NumberOfEpochs, "must be at least 1; leave it null for no such budget");
        Require(Duration is null || Duration > TimeSpan.Zero, nameof(Duration), Duration, "must be above zero; leave it null for no such budget");
        Require(BatchSize >= 1, nameof(BatchSize), BatchSize, "must be at least 1");
        Require(Loss is null || Enum.IsDefined(Loss.Value), nameof(Loss), Loss, "must be Simple, Variational or Hybrid; leave it null to decide by the variance");
        Require(VariationalWeight > 0 && double.IsFinite(VariationalWeight), nameof(VariationalWeight), VariationalWeight, "must be a number above 0, because without L_vlb nothing teaches the variance");
        Require(MinimumSnrGamma is null || (MinimumSnrGamma > 0 && double.IsFinite(MinimumSnrGamma.Value)), nameof(MinimumSnrGamma), MinimumSnrGamma, "must be a number above 0; leave it null to weight all timesteps alike");
        Require(Enum.IsDefined(TimestepSampling), nameof(TimestepSampling), TimestepSampling, "must be Uniform or LossAware");
        Require(LearningRate > 0 && double.IsFinite(LearningRate), nameof(LearningRate), LearningRate, "must be a number above 0");
        Require(Enum.IsDefined(LearningRateSchedule), nameof(LearningRateSchedule), LearningRateSchedule, "must be Constant, Linear or Cosine");
        Require(WarmupSteps >= 0, nameof(WarmupSteps), WarmupSteps, "must be at least 0");
        Require(WeightDecay >= 0 && double.IsFinite(WeightDecay), nameof(WeightDecay), WeightDecay, "must be a number of at least 0");
        Require(MaximumGradientNorm > 0, nameof(MaximumGradientNorm), MaximumGradientNorm, "must be above 0; infinity turns clipping off");
        Require(EmaDecay is >= 0 and < 1, nameof(EmaDecay), EmaDecay, "must be in [0, 1), because at 1 the average would never leave its start");
        Require(Enum.IsDefined(Precision), nameof(Precision), Precision, "must be Automatic, Float32 or BFloat16");
        Require(LabelDropout is >= 0 and <= 1, nameof(LabelDropout), LabelDropout, "must be in [0, 1], because it is a probability");
        Require(ReportEverySteps >= 1, nameof(ReportEverySteps), ReportEverySteps, "must be at least 1");
    }

    /// <summary>Checks what the loss needs of the model.</summary>
    internal void ValidateFor(NoiseSchedule schedule, ModelVariance variance)
    {
        var isLearned = variance == ModelVariance.LearnedRange;
        Require(!isLearned || Loss != TrainingLoss.Simple, nameof(Loss), Loss, "must be Hybrid or Variational with Variance = LearnedRange, because Simple teaches no variance");
        Require(isLearned || Loss != TrainingLoss.Hybrid, nameof(Loss), Loss, "must be Simple or Variational with Variance = Fixed, because the other half of Hybrid teaches the variance");
        Require(MinimumSnrGamma is null || Loss != TrainingLoss.Variational, nameof(MinimumSnrGamma), MinimumSnrGamma, "must be null with Loss = Variational, because it weights the squared error");
        Require(MinimumSnrGamma is null || schedule.AlphaBar(schedule.NumberOfTrainingTimesteps - 1) > 0, nameof(MinimumSnrGamma), MinimumSnrGamma, "must be null with a schedule of zero terminal SNR, because its last timestep would have weight 0 and never be learned");
    }

    /// <summary>The loss of each image, for a model of these properties.</summary>
    internal TrainingObjective Objective(NoiseSchedule schedule, PredictionType prediction, ModelVariance variance)
    {
        var isLearned = variance == ModelVariance.LearnedRange;
        var loss = Loss ?? (isLearned ? TrainingLoss.Hybrid : TrainingLoss.Simple);
        return new TrainingObjective(new GaussianDiffusion(schedule, prediction), loss, isLearned ? DdpmVariance.Learned : DdpmVariance.FixedLarge)
        {
            VariationalWeight = VariationalWeight,
            MinimumSnrGamma = MinimumSnrGamma,
        };
    }

    private static void Require(bool holds, string name, object? value, string rule)
    {
        if (!holds)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} {rule}.");
        }
    }
}
