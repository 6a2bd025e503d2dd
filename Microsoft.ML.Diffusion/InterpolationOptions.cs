namespace Microsoft.ML.Diffusion;

/// <summary>The path from one image to another.</summary>
public enum InterpolationPath
{
    /// <summary>Along the great circle between the DDIM latents of the two (Song et al. 2021, section 5.3): both ends are reconstructed.</summary>
    Spherical,

    /// <summary>In a straight line between the two images noised to some depth, then denoised by a stochastic sampler (Ho et al. 2020, section 4.4).</summary>
    Linear,
}

/// <summary>How <see cref="DiffusionTransformer"/> goes from one image to another.</summary>
public sealed record InterpolationOptions
{
    /// <summary>Gets the path.</summary>
    /// <value>The default is <see cref="InterpolationPath.Spherical"/>.</value>
    public InterpolationPath Path { get; init; }

    /// <summary>Gets the sampler.</summary>
    /// <value>
    /// <see langword="null"/>, the default, is DDIM with 50 steps and eta 0 for a spherical path, which needs a deterministic sampler, and DDPM
    /// over 250 steps for a linear one.
    /// </value>
    public Sampler? Sampler { get; init; }

    /// <summary>Gets how deep a linear path noises the images: at timestep 0 the frames are a cross-fade, near T-1 they forget their ends.</summary>
    /// <value>A timestep in 0..T-1; <see langword="null"/>, the default, is half of T. A spherical path has no depth.</value>
    public int? Depth { get; init; }

    /// <summary>Gets the seed of the noise of a linear path, the same for all frames.</summary>
    /// <value><see langword="null"/>, the default, takes the seed of the <see cref="MLContext"/>, or a fresh one that is reported in its log.</value>
    public long? Seed { get; init; }

    /// <summary>Gets the class that all frames are drawn with, for a model trained with labels.</summary>
    /// <value><see langword="null"/>, the default, draws them without one.</value>
    public int? Label { get; init; }

    /// <inheritdoc cref="GenerationOptions.BatchSize"/>
    public int? BatchSize { get; init; }

    /// <inheritdoc cref="GenerationOptions.CancellationToken"/>
    public CancellationToken CancellationToken { get; init; }

    /// <inheritdoc/>
    public override string ToString() => RecordText.Of(this);

    internal GenerationOptions Generation() => new()
    {
        Sampler = Sampler ?? (Path == InterpolationPath.Spherical ? new DdimSampler() : new DdpmSampler(250)),
        Seed = Seed,
        BatchSize = BatchSize,
        CancellationToken = CancellationToken,
    };

    internal void ValidateFor(NoiseSchedule schedule)
    {
        if (!Enum.IsDefined(Path))
        {
            throw new ArgumentOutOfRangeException(nameof(Path), Path, "Path must be Spherical or Linear.");
        }

        if (Path == InterpolationPath.Spherical && Sampler is { IsStochastic: true })
        {
            throw new ArgumentOutOfRangeException(nameof(Sampler), Sampler, "Sampler must be deterministic for a spherical path, because only then does a latent lead back to its image. Use DdimSampler with eta 0, or Path = Linear.");
        }

        var last = schedule.NumberOfTrainingTimesteps - 1;
        if (Depth is { } depth && (depth < 0 || depth > last))
        {
            throw new ArgumentOutOfRangeException(nameof(Depth), depth, $"Depth must be a timestep from 0 to {last}, because the model was trained on those.");
        }
    }
}
