using System.Globalization;
using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samplers;

namespace Microsoft.ML.Diffusion;

/// <summary>How images are generated from a trained model.</summary>
public sealed record GenerationOptions
{
    // An H100 was twice as fast with a small network when it need not wait while the host computes and asks (docs/performance.md).
    private const int BatchesOfCard = 4;

    private const long CardBytes = 4L << 30;

    private static readonly DdimSampler _default = new();
    private readonly Sampler? _chosen;

    /// <summary>Gets the sampler.</summary>
    /// <value>The default is DDIM with 50 steps and eta 0; with T steps for a model that has fewer timesteps.</value>
    public Sampler Sampler
    {
        get => _chosen ?? _default;
        init => _chosen = value ?? throw new ArgumentNullException(nameof(Sampler));
    }

    /// <summary>Gets the seed. Image i of a seed is the same in every call, whatever the number of images asked.</summary>
    /// <value><see langword="null"/>, the default, takes the seed of the <see cref="MLContext"/>, or a fresh one that is reported in its log.</value>
    public long? Seed { get; init; }

    /// <summary>
    /// Gets the number, within the seed, of the first image. Calls that begin where others end make together what one call makes: so runs are cut into parts
    /// for several machines.
    /// </summary>
    /// <value>
    /// 0, the default, to 10^15. It belongs to a call and is not saved with a model. Rows that <see cref="DiffusionTransformer.Transform"/> reads are not
    /// counted: each has a number of its own.
    /// </value>
    public long FirstImage { get; init; }

    /// <summary>Gets the number of images that go through the network together.</summary>
    /// <value>
    /// 1 to 65,536; <see langword="null"/>, the default, is 16 or two for each core, whatever is more, on the CPU and 256 on CUDA, or fewer, so that a batch
    /// takes 1 GiB on the CPU and the features of four 4 GiB on CUDA at most, where as many batches as that has room for, four at most, are computed at once
    /// unless there is an <see cref="Observer"/>. An image does not depend on how many are asked. On the CPU it does not depend on this either; on CUDA,
    /// where the last batch is filled up, rounding may change rare pixels by one level of 256 between batch sizes.
    /// </value>
    public int? BatchSize { get; init; }

    /// <summary>Gets how far labelled images are pushed from the unlabelled prediction towards that of their class (Ho and Salimans 2022).</summary>
    /// <value>
    /// A number of at least 0: 0 ignores the labels, 1, the default, follows them, more exaggerates them and doubles the cost. Encoding takes no scale above
    /// 1.
    /// </value>
    public double GuidanceScale { get; init; } = 1;

    /// <summary>
    /// Gets how far a guided prediction is brought back to the standard deviation, over an image's values, of the prediction of its class: phi of Lin et
    /// al. 2023, section 3.4. Large scales burn images out; this tones them down.
    /// </summary>
    /// <value>
    /// 0..1: 0, the default, leaves the prediction as it is, 1 gives it that deviation. It has no effect at a <see cref="GuidanceScale"/> of 0 or 1.
    /// </value>
    public double GuidanceRescale { get; init; }

    /// <summary>
    /// Gets the noise level sigma = sqrt((1 - alpha-bar) / alpha-bar) above which images are guided; where there is less noise they follow their class
    /// as at a scale of 1, at the cost of one prediction instead of two (Kynkaanniemi et al. 2024).
    /// </summary>
    /// <value>At least 0, the default, which guides to the end.</value>
    public double GuidanceSigmaMin { get; init; }

    /// <summary>Gets the noise level up to which images are guided, as <see cref="GuidanceSigmaMin"/> says.</summary>
    /// <value>Above <see cref="GuidanceSigmaMin"/>; infinity, the default, guides from the start.</value>
    public double GuidanceSigmaMax { get; init; } = double.PositiveInfinity;

    /// <summary>Gets the receiver of the share of the steps done, 0..1, which never falls.</summary>
    /// <value><see langword="null"/>, the default, is told nothing. On CUDA, where batches are computed at once, it is called from their threads, one at a time.</value>
    public IProgress<double>? Progress { get; init; }

    /// <summary>Gets what is called after every step of every batch, with the images as they are by then.</summary>
    /// <value>
    /// <see langword="null"/>, the default, costs nothing. The call is made on the thread that generates, which waits for it; an exception
    /// ends generation and reaches its caller. Not saved with a model.
    /// </value>
    public Action<SamplingSnapshot>? Observer { get; init; }

    /// <summary>Gets the token that ends generation between two steps by an <see cref="OperationCanceledException"/>.</summary>
    public CancellationToken CancellationToken { get; init; }

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Sampler}{(GuidanceScale == 1 ? "" : Text($", guidance {GuidanceScale}"))}{(GuidanceRescale == 0 ? "" : Text($" rescaled by {GuidanceRescale}"))}{(GuidanceSigmaMin == 0 && double.IsPositiveInfinity(GuidanceSigmaMax) ? "" : Text($" for sigma in ({GuidanceSigmaMin}, {GuidanceSigmaMax}]"))}{(Seed is { } seed ? Text($", seed {seed}") : "")}{(FirstImage > 0 ? Text($", from image {FirstImage} on") : "")}{(BatchSize is { } size ? Text($", batches of {size}") : "")}");

    /// <summary>How images with a class are guided.</summary>
    internal Guidance Guidance => new(GuidanceScale, GuidanceRescale, GuidanceSigmaMin, GuidanceSigmaMax);

    // The same, but that a default asks for no more steps than there are.
    internal GenerationOptions For(NoiseSchedule schedule) => _chosen is null
        && schedule.NumberOfTrainingTimesteps < _default.Timesteps.NumberOfInferenceSteps
        ? this with { Sampler = new DdimSampler(schedule.NumberOfTrainingTimesteps) }
        : this;

    // What was asked for, or what takes a few GiB of a GPU and one of the CPU's memory at most.
    internal int BatchSizeFor(DiffusionModel model)
    {
        const long ProcessorBytes = 1L << 30;

        // The CPU's engine takes a few images at a time: what grows with the batch is only what samplers keep of each, in double.
        const int Kept = 16;
        var (most, bytes, ofImage) = model.Device.Kind switch
        {
            DeviceKind.Cpu =>
                (Math.Max(16, 2 * CoreShare.Cores), ProcessorBytes, (double)Kept * sizeof(double) * model.Description.Shape.PixelCount),
            DeviceKind.Torch => (16, ProcessorBytes, FeatureBytes(model)),
            _ => (256, CardBytes / BatchesOfCard, FeatureBytes(model)),
        };
        return BatchSize ?? (int)Math.Clamp(bytes / ofImage, 1, most);
    }

    /// <summary>How many batches are computed at once: several on a card, if its memory has room. An observer sees one after another.</summary>
    internal int BatchesAtOnce(DiffusionModel model) => model.Device.Kind == DeviceKind.Cuda && Observer is null
        ? (int)Math.Clamp(CardBytes / (FeatureBytes(model) * BatchSizeFor(model)), 1, BatchesOfCard)
        : 1;

    private static double FeatureBytes(DiffusionModel model) =>
        sizeof(float) * UNetSize.FeaturesOfImage(model.Description.Network, model.Description.Shape.Height, model.Description.Shape.Width);

    internal void ValidateFor(NoiseSchedule schedule, ModelVariance variance)
    {
        _ = SamplingStep.Reverse(For(schedule).Sampler.Timesteps, schedule);
        (Sampler as DdpmSampler)?.Variance.ValidateFor(variance);
        if (BatchSize is < 1 or > Limits.BatchSize)
        {
            throw new ArgumentOutOfRangeException(
                nameof(BatchSize),
                BatchSize,
                $"BatchSize must be from 1 to {Limits.BatchSize}; leave it null for a size that fits the device.");
        }

        Limits.CheckFirstImage(nameof(FirstImage), FirstImage);
        if (!(GuidanceScale >= 0 && double.IsFinite(GuidanceScale)))
        {
            throw new ArgumentOutOfRangeException(
                nameof(GuidanceScale),
                GuidanceScale,
                "GuidanceScale must be a number of at least 0; 1 turns guidance off.");
        }

        if (!(GuidanceRescale >= 0 && GuidanceRescale <= 1))
        {
            throw new ArgumentOutOfRangeException(
                nameof(GuidanceRescale),
                GuidanceRescale,
                "GuidanceRescale must be in [0, 1], because it is the share of the rescaled prediction; 0 turns it off.");
        }

        if (!(GuidanceSigmaMin >= 0 && double.IsFinite(GuidanceSigmaMin)))
        {
            throw new ArgumentOutOfRangeException(
                nameof(GuidanceSigmaMin),
                GuidanceSigmaMin,
                "GuidanceSigmaMin must be a number of at least 0, because it is a noise level in units of the signal; 0 guides to the end.");
        }

        if (!(GuidanceSigmaMax > GuidanceSigmaMin))
        {
            throw new ArgumentOutOfRangeException(
                nameof(GuidanceSigmaMax),
                GuidanceSigmaMax,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"GuidanceSigmaMax must be above GuidanceSigmaMin ({GuidanceSigmaMin}), because images are guided between the two; infinity guides from the start."));
        }
    }

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
