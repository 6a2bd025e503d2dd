using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;
using static Microsoft.ML.Diffusion.Runtime.Check;

namespace Microsoft.ML.Diffusion;

/// <summary>How <see cref="DiffusionTransformer.EvaluateLikelihood"/> and <see cref="DiffusionCatalog.EvaluateLikelihood"/> judge a model.</summary>
public sealed record LikelihoodOptions
{
    /// <summary>
    /// Gets the number of timesteps whose terms are computed: 0, whose term is the decoder's, and one drawn from each of as many ranges as are left, whose ends
    /// rise geometrically, because the terms fall about as 1 / t. The estimate is unbiased.
    /// </summary>
    /// <value>3..T; <see langword="null"/>, the default, computes all T, at T network calls a batch. 20 of 1,000 are off by about 0.06 bits.</value>
    public int? NumberOfTimesteps { get; init; }

    /// <summary>
    /// Gets the number of steps in which the likelihood is also computed by the probability flow (<see cref="LikelihoodMetrics.FlowBitsPerDimension"/>), of
    /// eight network calls a probe each. Levels are spread evenly to the next, which can only make it larger.
    /// </summary>
    /// <value>10..1,000; <see langword="null"/>, the default, leaves it out. 60 are right to 0.01 bits for every point of a mixture whose density is known, 40 to 0.003 in the mean.</value>
    public int? NumberOfFlowSteps { get; init; }

    /// <summary>Gets the number of random probes by which the flow's divergence is estimated (Hutchinson), without bias.</summary>
    /// <value>
    /// 1, the default, to 10,000; <see langword="null"/> takes one along each pixel value, the exact divergence: for tiny images, since each costs what a
    /// random one does.
    /// </value>
    public int? NumberOfFlowProbes { get; init; } = 1;

    /// <summary>Gets the variance of the model's steps.</summary>
    /// <value><see langword="null"/>, the default, is what the model has learned, or else <see cref="DdpmVariance.FixedLarge"/>.</value>
    public DdpmVariance? Variance { get; init; }

    /// <summary>Gets what happens to predicted images outside [-1, 1].</summary>
    /// <value>The default clamps them.</value>
    public Clipping Clipping { get; init; } = Clipping.Static();

    /// <summary>Gets the class of each image, an index into <see cref="DiffusionTransformer.ClassNames"/>, or -1 for none.</summary>
    /// <value><see langword="null"/>, the default, judges all images without a class. Not for rows, whose classes are a column.</value>
    public IReadOnlyList<int>? Labels
    {
        get;
        init => field = EquatableList.Of(value);
    }

    /// <summary>Gets the seed of the noise and of the choice of timesteps. The noise of image i at t depends on the seed, i + <see cref="FirstImage"/> and t alone.</summary>
    /// <value><see langword="null"/>, the default, takes the seed of the <see cref="MLContext"/>, or a fresh one that is reported in its log.</value>
    public long? Seed { get; init; }

    /// <summary>
    /// Gets the number, within the seed, of the first image, whose noise it decides: parts of a set that begin where others end can be judged apart, and
    /// <see cref="LikelihoodMetrics.Merge"/> of their figures is that of the whole.
    /// </summary>
    /// <value>0, the default, to 10^15.</value>
    public long FirstImage { get; init; }

    /// <summary>Gets the number of images that go through the network together.</summary>
    /// <value>1 to 65,536; <see langword="null"/>, the default, is 16 on the CPU and 256 on CUDA.</value>
    public int? BatchSize { get; init; }

    /// <summary>Gets the receiver of the share of network calls done, 0..1.</summary>
    public IProgress<double>? Progress { get; init; }

    /// <summary>Gets the token that ends the evaluation between two network calls by an <see cref="OperationCanceledException"/>.</summary>
    public CancellationToken CancellationToken { get; init; }

    /// <inheritdoc/>
    public override string ToString() => RecordText.Of(this);

    internal void ValidateFor(NoiseSchedule schedule, ModelVariance variance, int numberOfImages)
    {
        ArgumentNullException.ThrowIfNull(Clipping);
        Variance?.ValidateFor(variance);
        Require(
            Variance is null || Enum.IsDefined(Variance.Value),
            nameof(Variance),
            Variance,
            "must be FixedSmall, FixedLarge or Learned");
        Require(
            NumberOfTimesteps is null || (NumberOfTimesteps >= 3 && NumberOfTimesteps <= schedule.NumberOfTrainingTimesteps),
            nameof(NumberOfTimesteps),
            NumberOfTimesteps,
            $"must be from 3 to {schedule.NumberOfTrainingTimesteps}, because the standard error needs two timesteps besides 0, and the model has {schedule.NumberOfTrainingTimesteps}; leave it null for all");
        Require(
            NumberOfFlowSteps is null or (>= 10 and <= 1000),
            nameof(NumberOfFlowSteps),
            NumberOfFlowSteps,
            "must be from 10 to 1000, because fewer do not follow the flow and more change nothing; leave it null for the bound alone");
        Require(
            NumberOfFlowProbes is null or (>= 1 and <= 10_000),
            nameof(NumberOfFlowProbes),
            NumberOfFlowProbes,
            "must be from 1 to 10000, because each is two network calls in each part of a step; leave it null for the exact trace");
        Limits.CheckFirstImage(nameof(FirstImage), FirstImage);
        Require(
            BatchSize is null or (>= 1 and <= Limits.BatchSize),
            nameof(BatchSize),
            BatchSize,
            $"must be from 1 to {Limits.BatchSize}; leave it null for a size that fits the device");
        Require(
            Labels is null || Labels.Count == numberOfImages,
            nameof(Labels),
            Labels?.Count,
            $"must hold one class for each of the {numberOfImages} images");
    }
}
