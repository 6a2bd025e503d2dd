using System.Globalization;

namespace Microsoft.ML.Diffusion;

/// <summary>How images are drawn from a trained model.</summary>
public sealed record GenerationOptions
{
    /// <summary>Gets the sampler.</summary>
    /// <value>The default is DDIM with 50 steps and eta 0.</value>
    public Sampler Sampler { get; init; } = new DdimSampler();

    /// <summary>Gets the seed. Image i of a seed is the same in every call, whatever the number of images asked.</summary>
    /// <value><see langword="null"/>, the default, takes the seed of the <see cref="MLContext"/>, or a fresh one that is reported in its log.</value>
    public long? Seed { get; init; }

    /// <summary>Gets the number of images that go through the network together.</summary>
    /// <value>
    /// At least 1; <see langword="null"/>, the default, is 16 on the CPU and 256 on CUDA, or fewer, so that features take 1 GiB on the CPU and
    /// 4 GiB on CUDA at most. The last batch is filled up, so that an image does not
    /// depend on how many are asked; between batch sizes rounding may change rare pixels by one level of 256.
    /// </value>
    public int? BatchSize { get; init; }

    /// <summary>Gets how far labelled images are pushed from the unlabelled prediction towards that of their class (Ho and Salimans 2022).</summary>
    /// <value>A number of at least 0: 0 ignores the labels, 1, the default, follows them, more exaggerates them and doubles the cost.</value>
    public double GuidanceScale { get; init; } = 1;

    /// <summary>Gets the receiver of the share of the steps done, 0..1.</summary>
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
        $"{Sampler}{(GuidanceScale == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $", guidance {GuidanceScale}"))}{(Seed is { } seed ? string.Create(CultureInfo.InvariantCulture, $", seed {seed}") : "")}{(BatchSize is { } size ? $", batches of {size}" : "")}");

    // What was asked for, or what takes a few GiB of a GPU and one of the CPU's memory at most.
    internal int BatchSizeFor(DiffusionModel model)
    {
        var (most, bytes) = model.Device.type == TorchSharp.DeviceType.CUDA ? (256, 4L << 30) : (16, 1L << 30);
        var ofImage = sizeof(float) * Networks.UNetSize.FeaturesOfImage(model.Description.Network, model.Description.Shape.Height, model.Description.Shape.Width);
        return BatchSize ?? (int)Math.Clamp(bytes / ofImage, 1, most);
    }

    internal void ValidateFor(NoiseSchedule schedule, ModelVariance variance)
    {
        ArgumentNullException.ThrowIfNull(Sampler);
        _ = SamplingStep.Reverse(Sampler.Timesteps, schedule);
        (Sampler as DdpmSampler)?.Variance.ValidateFor(variance);
        if (BatchSize is < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(BatchSize), BatchSize, "BatchSize must be at least 1; leave it null for a size that fits the device.");
        }

        if (!(GuidanceScale >= 0 && double.IsFinite(GuidanceScale)))
        {
            throw new ArgumentOutOfRangeException(nameof(GuidanceScale), GuidanceScale, "GuidanceScale must be a number of at least 0; 1 turns guidance off.");
        }
    }
}
