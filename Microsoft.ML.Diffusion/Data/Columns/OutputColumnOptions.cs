using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samplers;
using static Microsoft.ML.Diffusion.Runtime.Check;

namespace Microsoft.ML.Diffusion;

/// <summary>
/// The columns that <see cref="DiffusionTransformer.Transform"/> adds besides the generated images. A column exists if its name is set, and is computed
/// for the rows whose value a consumer asks for, in batches.
/// </summary>
/// <remarks>
/// All but <see cref="GeneratedPixels"/> read the input column, which <c>Transform</c> then needs: images of the model's size, or their pixel vectors. They
/// use the row's class if the label column is there, without guidance beyond it, and do not depend on the rows around or on any seed: equal images
/// of one class have equal values. A row without an image has a missing image, NaN, or a vector of NaN.
/// </remarks>
public sealed record OutputColumnOptions
{
    private const int DefaultLikelihoodTimesteps = 20;

    /// <summary>Gets the name of the column of the generated images' pixels, for steps that drop images, such as Cache, ShuffleRows or binary files.</summary>
    /// <value>A vector of Single [C, H, W], the pixels as in ExtractPixels, scaled as <see cref="DiffusionOptions.PixelScale"/> says.</value>
    public string? GeneratedPixels { get; init; }

    /// <summary>Gets the name of the column of images that were encoded to noise and decoded again.</summary>
    public string? Reconstructed { get; init; }

    /// <summary>Gets the name of the column of the reconstructed images' pixels, as in <see cref="GeneratedPixels"/>.</summary>
    public string? ReconstructedPixels { get; init; }

    /// <summary>Gets the name of the column of latents, a vector of Single; see <see cref="LatentKind"/>.</summary>
    public string? Latent { get; init; }

    /// <summary>Gets the name of the column of the bound on each image's negative log-likelihood, a Single in bits per dimension.</summary>
    /// <value>
    /// It is what <see cref="DiffusionTransformer.EvaluateLikelihood"/> estimates with seed 0 for an image alone. Lower is more likely: where the
    /// anomalies are, it is high. Timesteps and noise are the same for all rows.
    /// </value>
    public string? BitsPerDimension { get; init; }

    /// <summary>Gets the name of the column of the reconstruction's error, a Single: the mean squared difference of colours in [0, 1].</summary>
    public string? ReconstructionError { get; init; }

    /// <summary>Gets what <see cref="Latent"/> holds.</summary>
    /// <value>The default is <see cref="LatentKind.Noise"/>.</value>
    public LatentKind LatentKind { get; init; } = LatentKind.Noise;

    /// <summary>Gets the timestep that <see cref="LatentKind.Bottleneck"/> looks at images at.</summary>
    /// <value>0..T-1; <see langword="null"/>, the default, is a tenth of T.</value>
    public int? LatentTimestep { get; init; }

    /// <summary>
    /// Gets the sampler that encodes and decodes for <see cref="Reconstructed"/>, <see cref="ReconstructionError"/> and
    /// <see cref="LatentKind.Noise"/>.
    /// </summary>
    /// <value>
    /// DDIM with eta 0; <see langword="null"/>, the default, is that of <see cref="DiffusionOptions.Generation"/> if it is such a one, else 50 steps,
    /// or T if fewer. Files from before <see cref="DdimSampler.InversionLevel"/> keep its upper one.
    /// </value>
    public DdimSampler? EncodingSampler { get; init; }

    /// <summary>
    /// Gets the number of timesteps that <see cref="BitsPerDimension"/> is estimated on, one network call each: 0 and a choice of the others as
    /// <see cref="LikelihoodOptions.NumberOfTimesteps"/> makes it.
    /// </summary>
    /// <value>2..T; <see langword="null"/>, the default, is 20, or T if fewer.</value>
    public int? NumberOfLikelihoodTimesteps { get; init; }

    /// <inheritdoc/>
    public override string ToString() => RecordText.Of(this);

    /// <summary>All names that are set.</summary>
    internal IEnumerable<string> Names =>
        new[] { GeneratedPixels, Reconstructed, ReconstructedPixels, Latent, BitsPerDimension, ReconstructionError }.OfType<string>();

    /// <summary>Whether a column needs images to be encoded to noise.</summary>
    internal bool Encodes =>
        Reconstructed is not null
            || ReconstructedPixels is not null
            || ReconstructionError is not null
            || (Latent is not null && LatentKind == LatentKind.Noise);

    internal int LatentTimestepOf(NoiseSchedule schedule) => LatentTimestep ?? schedule.NumberOfTrainingTimesteps / 10;

    internal int LikelihoodTimestepsOf(NoiseSchedule schedule) =>
        NumberOfLikelihoodTimesteps ?? Math.Min(DefaultLikelihoodTimesteps, schedule.NumberOfTrainingTimesteps);

    internal DdimSampler EncodingSamplerOf(NoiseSchedule schedule, GenerationOptions generation) =>
        EncodingSampler ?? DdimInversion.SamplerOf(generation.Sampler, schedule);

    /// <summary>Checks the options of a model with this schedule.</summary>
    internal void ValidateFor(NoiseSchedule schedule)
    {
        var last = schedule.NumberOfTrainingTimesteps - 1;
        Require(
            Names.All(name => name.Length > 0),
            nameof(DiffusionOptions.OutputColumns),
            "\"\"",
            "must not name a column \"\"; leave a name null for no column");
        Require(Enum.IsDefined(LatentKind), nameof(LatentKind), LatentKind, "must be Noise or Bottleneck");
        Require(
            LatentTimestep is null || (LatentTimestep >= 0 && LatentTimestep <= last),
            nameof(LatentTimestep),
            LatentTimestep,
            $"must be from 0 to {last}, because the model was trained on those");
        Require(
            EncodingSampler is not { IsStochastic: true },
            nameof(EncodingSampler),
            EncodingSampler,
            "must have eta 0, because only then do its steps lead back to the image");
        Require(
            NumberOfLikelihoodTimesteps is null || (NumberOfLikelihoodTimesteps >= 2 && NumberOfLikelihoodTimesteps <= last + 1),
            nameof(NumberOfLikelihoodTimesteps),
            NumberOfLikelihoodTimesteps,
            $"must be from 2 to {last + 1}, because timestep 0 is always among them, and the model has {last + 1}");
        if (EncodingSampler is { } sampler)
        {
            _ = SamplingStep.Reverse(sampler.Timesteps, schedule);
        }
    }
}
