using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <summary>How a model is trained. The run ends at the first of its budgets that is reached.</summary>
public sealed partial record TrainingOptions
{
    /// <summary>Gets the number of optimizer steps.</summary>
    /// <value>At least 1. The default is 20,000 if no budget is set.</value>
    public int? NumberOfSteps { get; init; }

    /// <summary>Gets the number of passes over the images.</summary>
    /// <value>At least 1; <see langword="null"/>, the default, sets no such budget.</value>
    public int? NumberOfEpochs { get; init; }

    /// <summary>Gets the number of images to train on, each counted as often as it is seen.</summary>
    /// <value>At least 1; <see langword="null"/>, the default, sets no such budget.</value>
    public long? NumberOfImages { get; init; }

    /// <summary>Gets the time to train, of a resumed run all of it. Such a run is not reproducible: how far it gets depends on the machine.</summary>
    /// <value>Above zero; <see langword="null"/>, the default, sets no such budget.</value>
    public TimeSpan? Duration { get; init; }

    /// <summary>Gets the number of images of one optimizer step.</summary>
    /// <value>1 to 65,536. The default is 64.</value>
    public int BatchSize { get; init; } = 64;

    /// <summary>
    /// Gets the number of parts, as equal as can be, in which the images of a step go through the network, so that a large batch needs the memory of
    /// a small one. What is learned is the same up to rounding.
    /// </summary>
    /// <value>At least 1, the default; more than <see cref="BatchSize"/> acts like it.</value>
    public int GradientAccumulationSteps { get; init; } = 1;

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
    /// min(SNR, gamma), to the power of <see cref="MinimumSnrPower"/>, for a prediction of x_0, divided by SNR for epsilon and by SNR + 1
    /// for v.
    /// </summary>
    /// <value>
    /// Above 0, usually 5; a plan takes 1 with x_0. <see langword="null"/>, the default, weights all timesteps alike. Not for
    /// <see cref="TrainingLoss.Variational"/>.
    /// </value>
    public double? MinimumSnrGamma { get; init; }

    /// <summary>
    /// Gets the power that min(SNR, gamma) is raised to, where <see cref="MinimumSnrGamma"/> is set: below 1 timesteps of much noise keep
    /// more weight.
    /// </summary>
    /// <value>
    /// (0, 1]. The default is 1, min-SNR-gamma itself; a plan takes 0.5 with x_0, unless it is given gamma. Of epsilon the weight is
    /// SNR^(power - 1) where noise prevails: with 0.5 some 20,000 at the last timestep of a cosine schedule.
    /// </value>
    public double MinimumSnrPower { get; init; } = 1;

    /// <summary>Gets how the timestep of each image is drawn.</summary>
    /// <value>The default is <see cref="TimestepSampling.Uniform"/>.</value>
    public TimestepSampling TimestepSampling { get; init; }

    /// <summary>Gets the highest learning rate of AdamW.</summary>
    /// <value>Above 0. The default is 2e-4, that of the DDPM paper; short runs learn faster with 1e-3 to 2e-3, of x_0 with up to 4e-3.</value>
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

    /// <summary>
    /// Gets beta_2 of AdamW (Kingma and Ba 2015, algorithm 1), how much of the mean of squared gradients stays in a step: the mean goes back over some 1 / (1 - beta_2) of them.
    /// </summary>
    /// <value>
    /// [0, 1). The default is 0.999, that of the DDPM paper. At 0.99, which a plan takes, networks bear higher rates: with a mean that lags behind
    /// gradients that grow, steps are too long, and a network may forget all at once what it has learned.
    /// </value>
    public double AdamBeta2 { get; init; } = 0.999;

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
    /// <value>The default, <see cref="TrainingPrecision.Automatic"/>, is bfloat16 on CUDA and float32 on the CPU, which refuses <see cref="TrainingPrecision.BFloat16"/>.</value>
    public TrainingPrecision Precision { get; init; }

    /// <summary>
    /// Gets a value indicating whether each image is mirrored left to right with probability one half, which the network is not told: mirrored images are generated
    /// as often, as if they were further images to learn from. <see cref="Augmentation"/> mirrors so that they are not.
    /// </summary>
    /// <value>The default is <see langword="false"/>: letters and many other things have a side.</value>
    public bool FlipHorizontally { get; init; }

    /// <summary>Gets how images are changed at random while they are learned, in ways that generated images do not show: for few images.</summary>
    /// <value><see langword="null"/>, the default, shows each as it is.</value>
    public AugmentationOptions? Augmentation { get; init; }

    /// <summary>Gets the probability with which a labelled image is shown without its label, so that the model also learns to generate without one.</summary>
    /// <value>[0, 1]. The default is 0.1.</value>
    public double LabelDropout { get; init; } = 0.1;

    /// <summary>
    /// Gets the number of steps in a row whose loss or gradient may be other than a finite number. They are skipped; one more ends the run by an
    /// error.
    /// </summary>
    /// <value>At least 0. The default is 50.</value>
    public int MaximumConsecutiveSkippedSteps { get; init; } = 50;

    /// <summary>
    /// Gets the number of bytes of images, a byte for each pixel and channel, that are held in memory. More are kept in a file in
    /// <c>MLContext.TempFilePath</c> that is mapped into memory, and gone when the run ends, however it ends.
    /// </summary>
    /// <value>At least 0, which always uses a file. The default is 4 GiB.</value>
    public long MaximumImageMemory { get; init; } = 4L << 30;

    /// <summary>Gets how held-out images judge the model during training, if <c>Fit</c> is given any.</summary>
    public ValidationOptions Validation { get; init; } = new();

    /// <summary>Gets when images of what has been learned so far are generated, and who sees them.</summary>
    /// <value><see langword="null"/>, the default, generates none.</value>
    public SampleGridOptions? SampleGrid { get; init; }

    /// <summary>
    /// Gets a file of the model as it is so far, with the averaged weights, which can be loaded and looked at while training goes on. It is written anew at
    /// every <see cref="ModelFileEveryFraction"/> of the budget and when the run ends, and is whole at any time.
    /// </summary>
    /// <value>
    /// <see langword="null"/>, the default, writes none. In a folder that exists; a file that is there is replaced. If it cannot be written, the log warns, and
    /// training goes on. It holds what <c>SaveModel</c> writes of the trained model alone, without an input schema or the steps before it.
    /// </value>
    public string? ModelFile { get; init; }

    /// <summary>Gets the share of the budget from one writing of <see cref="ModelFile"/> to the next. A resumed run goes on with those that are left.</summary>
    /// <value>(0, 1]. The default is 0.1.</value>
    public double ModelFileEveryFraction { get; init; } = 0.1;

    /// <summary>
    /// Gets the folder in which the run keeps checkpoints, so that nothing is lost if it is interrupted: <c>Fit</c> with the same options and images
    /// goes on from the newest whole one, and with a budget of steps, epochs or images ends, on the CPU with as many threads, at the very model of an
    /// uninterrupted run. One folder serves one run.
    /// </summary>
    /// <value>
    /// <see langword="null"/>, the default, keeps none. The folder is made if need be. The last checkpoints stay when the run has ended: <c>Fit</c> then
    /// returns the finished model without training, and says so in the log. Delete the folder, or name another, to train anew.
    /// </value>
    public string? CheckpointDirectory { get; init; }

    /// <summary>Gets the number of steps from one checkpoint to the next. One is also written when the run ends or is cancelled.</summary>
    /// <value>At least 1. The default is 1,000.</value>
    public int CheckpointEverySteps { get; init; } = 1000;

    /// <summary>Gets the number of checkpoints that are kept; older ones are deleted. Each takes four to five times the bytes of the weights.</summary>
    /// <value>At least 1. The default is 2, so that one is left should the other be damaged.</value>
    public int KeepCheckpoints { get; init; } = 2;

    /// <summary>
    /// Gets the processes that train one model together, each of which calls <c>Fit</c> with the same options and images. <see cref="BatchSize"/> is that of all: each
    /// process computes its part of every step, and all have the same model at the end. The first, of rank 0, alone writes files, reports and generates images.
    /// </summary>
    /// <value>
    /// <see langword="null"/>, the default, trains in this process alone. The package Microsoft.ML.Diffusion.Mpi has <c>MpiProcessGroup.World</c>. It is not saved with the
    /// model, and a run may be resumed by another number of processes.
    /// </value>
    public ProcessGroup? Processes { get; init; }

    /// <summary>
    /// Gets the megabytes of gradients that <see cref="Processes"/> add up at a time, while gradients of other layers are still computed: fewer begin earlier, more cost
    /// fewer messages.
    /// </summary>
    /// <value>Above 0. The default is 25. It changes no result.</value>
    public double GradientSliceMegabytes { get; init; } = 25;

    /// <summary>Gets the receiver of progress reports.</summary>
    /// <value><see langword="null"/>, the default, reports to <c>MLContext.Log</c> only.</value>
    public IProgress<TrainingProgress>? Progress { get; init; }

    /// <summary>
    /// Gets the number of steps from one report to the next. <see cref="Progress"/> is also told of the first step, and of one after ten seconds without a report.
    /// </summary>
    /// <value>At least 1. The default is 50.</value>
    public int ReportEverySteps { get; init; } = 50;

    /// <summary>
    /// Gets the token that ends training between two steps by an <see cref="OperationCanceledException"/>, as <c>MLContext.CancelExecution</c> does.
    /// With <see cref="CheckpointDirectory"/>, a checkpoint of the last step is written first.
    /// </summary>
    public CancellationToken CancellationToken { get; init; }

    /// <summary>Gets a value indicating whether a cancelled run returns the model as it is by then, rather than throwing.</summary>
    /// <value>The default is <see langword="false"/>. Cancelled while images are still being read, there is no model, and it throws all the same.</value>
    public bool ReturnModelOnCancellation { get; init; }

    /// <summary>Gets what lets training wait between two steps, and go on, while it runs.</summary>
    /// <value><see langword="null"/>, the default, never waits.</value>
    public TrainingPause? Pause { get; init; }

    /// <inheritdoc/>
    public override string ToString() => RecordText.Of(this);
}
