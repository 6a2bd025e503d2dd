using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <summary>The path from one image to another.</summary>
public enum InterpolationPath
{
    /// <summary>Along the great circle between the DDIM latents of the two (Song et al. 2021, section 5.3): both ends are reconstructed.</summary>
    Spherical,

    /// <summary>A straight line between the two images noised to some depth, then denoised by a stochastic sampler (Ho et al. 2020, section 4.4).</summary>
    Linear,
}

/// <summary>How <see cref="DiffusionTransformer"/> goes from one image to another.</summary>
public sealed record InterpolationOptions
{
    private const int DdpmSteps = 250;

    /// <summary>Gets the path.</summary>
    /// <value>The default is <see cref="InterpolationPath.Spherical"/>.</value>
    public InterpolationPath Path { get; init; }

    /// <summary>Gets the sampler.</summary>
    /// <value>
    /// <see langword="null"/>, the default, is DDIM with 50 steps and eta 0 for a spherical path, which needs a deterministic sampler, and DDPM
    /// over 250 steps for a linear one; T steps of either for a model that has fewer timesteps.
    /// </value>
    public Sampler? Sampler { get; init; }

    /// <summary>Gets how deep a linear path noises the images: at timestep 0 the frames are a cross-fade, near T-1 they forget their ends.</summary>
    /// <value>A timestep in 0..T-1; <see langword="null"/>, the default, is half of T. A spherical path has no depth.</value>
    public int? Depth { get; init; }

    /// <summary>Gets the seed of the noise of a linear path, the same for all frames.</summary>
    /// <value><see langword="null"/>, the default, takes the seed of the <see cref="MLContext"/>, or a fresh one that is reported in its log.</value>
    public long? Seed { get; init; }

    /// <summary>Gets the class that all frames are generated with, for a model trained with labels.</summary>
    /// <value><see langword="null"/>, the default, generates them without one. <see cref="LabelA"/> and <see cref="LabelB"/> give each end its own.</value>
    public int? Label { get; init; }

    /// <summary>Gets the class of the start, if it is not <see cref="Label"/>.</summary>
    /// <value>
    /// An index into <see cref="DiffusionTransformer.ClassNames"/>, or -1 for none; <see langword="null"/>, the default, is <see cref="Label"/>. Each end
    /// is encoded with its own class. Where they differ, what the network predicts for a frame at alpha is (1 - alpha) of its prediction with the class of the
    /// start and alpha of that with the class of the end, so that no frame jumps; that takes twice the network calls.
    /// </value>
    public int? LabelA { get; init; }

    /// <summary>Gets the class of the end, if it is not <see cref="Label"/>.</summary>
    /// <value>As <see cref="LabelA"/>.</value>
    public int? LabelB { get; init; }

    /// <summary>Gets the name of the class that all frames are generated with, instead of <see cref="Label"/>.</summary>
    /// <value>
    /// One of <see cref="DiffusionTransformer.ClassNames"/>, in any case where that is unambiguous; <see langword="null"/>, the default, names none.
    /// </value>
    public string? ClassName { get; init; }

    /// <summary>Gets the name of the class of the start, instead of <see cref="LabelA"/>.</summary>
    /// <value>As <see cref="ClassName"/>.</value>
    public string? ClassNameA { get; init; }

    /// <summary>Gets the name of the class of the end, instead of <see cref="LabelB"/>.</summary>
    /// <value>As <see cref="ClassName"/>.</value>
    public string? ClassNameB { get; init; }

    /// <inheritdoc cref="GenerationOptions.BatchSize"/>
    public int? BatchSize { get; init; }

    /// <inheritdoc cref="GenerationOptions.CancellationToken"/>
    public CancellationToken CancellationToken { get; init; }

    /// <inheritdoc/>
    public override string ToString() => RecordText.Of(this);

    /// <summary>The classes of both ends, -1 for none; null if neither has one.</summary>
    internal (int A, int B)? Ends =>
        (LabelA ?? Label, LabelB ?? Label) is (null, null) ? null : (LabelA ?? Label ?? -1, LabelB ?? Label ?? -1);

    internal GenerationOptions Generation(NoiseSchedule schedule) => new GenerationOptions
    {
        Sampler = Sampler ?? (Path == InterpolationPath.Spherical
            ? new GenerationOptions().For(schedule).Sampler
            : new DdpmSampler(Math.Min(DdpmSteps, schedule.NumberOfTrainingTimesteps))),
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
            throw new ArgumentOutOfRangeException(
                nameof(Sampler),
                Sampler,
                "Sampler must be deterministic for a spherical path, because only then does a latent lead back to its image. Use DdimSampler with eta 0, or Path = Linear.");
        }

        var last = schedule.NumberOfTrainingTimesteps - 1;
        if (Depth is { } depth && (depth < 0 || depth > last))
        {
            throw new ArgumentOutOfRangeException(
                nameof(Depth),
                depth,
                $"Depth must be a timestep from 0 to {last}, because the model was trained on those.");
        }
    }
}
