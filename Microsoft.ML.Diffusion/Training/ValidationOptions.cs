using System.Text.Json.Serialization;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <summary>How held-out images judge a model while it is trained: by the mean training loss over them, of the averaged weights.</summary>
/// <remarks>
/// Each image is noised to timesteps spread evenly over all, always the same ones with the same noise, so that the losses of different times, and of different
/// runs on the same images, can be compared.
/// </remarks>
public sealed record ValidationOptions
{
    private const int MaximumDraws = 1_000;

    /// <summary>
    /// Gets the share of the images that <c>Fit</c> of training data alone holds out to judge by: it never learns from them. Which ones they are follows from the
    /// run's seed and the rows' numbers, so that a resumed run holds out the same.
    /// </summary>
    /// <value>
    /// [0, 1). 0, the default, holds out none; else at least one image is held out and at least one is learned from. It must be 0 where <c>Fit</c> is given
    /// validation data.
    /// </value>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] // so that checkpoints of before it stay those of the same run
    public double Share { get; init; }

    /// <summary>Gets the number of steps from one validation to the next. There is also one when the run ends.</summary>
    /// <value>At least 1; <see langword="null"/>, the default, is one pass over the training images.</value>
    public int? EverySteps { get; init; }

    /// <summary>Gets how often each image is judged, each time at another timestep and with other noise. More tell small differences better.</summary>
    /// <value>1, the default, to 1,000.</value>
    public int DrawsPerImage { get; init; } = 1;

    /// <summary>Gets a value indicating whether the trained model has the averaged weights of the lowest validation loss, rather than the last ones.</summary>
    /// <value>The default is <see langword="false"/>: validation then changes nothing.</value>
    public bool KeepBest { get; init; }

    /// <summary>Gets the number of validations in a row without a lower loss than the best before, after which training ends.</summary>
    /// <value>At least 1; <see langword="null"/>, the default, never ends it early.</value>
    public int? Patience { get; init; }

    /// <inheritdoc/>
    public override string ToString() => RecordText.Of(this);

    internal void Validate()
    {
        Require(Share is >= 0 and < 1, nameof(Share), Share, "must be at least 0 and below 1, because it is the share of the images to judge by");
        Require(EverySteps is null or >= 1, nameof(EverySteps), EverySteps, "must be at least 1; leave it null for once an epoch");
        Require(
            DrawsPerImage is >= 1 and <= MaximumDraws,
            nameof(DrawsPerImage),
            DrawsPerImage,
            $"must be from 1 to {MaximumDraws}, because each is a call of the network for every image");
        Require(Patience is null or >= 1, nameof(Patience), Patience, "must be at least 1; leave it null to never end training early");
    }

    private static void Require(bool holds, string name, object? value, string rule) =>
        Check.Require(holds, $"{nameof(TrainingOptions.Validation)}.{name}", value, rule);
}
