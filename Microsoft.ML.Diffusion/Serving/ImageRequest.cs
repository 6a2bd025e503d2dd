using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <summary>One image that is asked of a <see cref="BatchingGenerator"/>. What is not set is as in the model's <see cref="DiffusionTransformer.Generation"/>.</summary>
public sealed record ImageRequest
{
    /// <summary>Gets the class of the image.</summary>
    /// <value>
    /// One of <see cref="DiffusionTransformer.ClassNames"/>, in any case where that is unambiguous; <see langword="null"/>, the default, is none.
    /// </value>
    public string? ClassName { get; init; }

    /// <summary>Gets the seed, which with class, sampler and guidance decides the image.</summary>
    /// <value>
    /// Any number; <see langword="null"/>, the default, is the model's <see cref="GenerationOptions.Seed"/>, or that of the <see cref="MLContext"/>, or a
    /// fresh one that is reported in its log. Where each request is to get another image, give each a seed of its own.
    /// </value>
    public long? Seed { get; init; }

    /// <summary>Gets the sampler. Requests of equal samplers share batches.</summary>
    /// <value><see langword="null"/>, the default, is the model's.</value>
    public Sampler? Sampler { get; init; }

    /// <summary>Gets how far the image is pushed towards its class, as <see cref="GenerationOptions.GuidanceScale"/> says. Requests of equal scales share batches.</summary>
    /// <value>A number of at least 0; <see langword="null"/>, the default, is the model's.</value>
    public double? GuidanceScale { get; init; }

    /// <inheritdoc/>
    public override string ToString() => RecordText.Of(this);
}
