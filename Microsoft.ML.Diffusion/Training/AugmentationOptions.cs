using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <summary>
/// How images are changed at random while a model learns them, so that few of them last longer. Generated images show none of it: the network is told what was
/// done to each image, and when it generates that nothing was (non-leaking augmentation, Karras et al. 2022, appendix F.2, after Jun et al. 2020).
/// </summary>
/// <remarks>
/// Each kind is drawn for itself, anew every time that an image is shown. Only training pays: some numbers for each feature of the timestep are learned that the
/// trained model does without. Held-out images are judged as they are.
/// </remarks>
public sealed record AugmentationOptions
{
    /// <summary>Gets the probability with which each kind of change is made to an image.</summary>
    /// <value>Above 0, at most 1. The default is 0.15, which leaves 38 % of the images as they are, where all six kinds are on.</value>
    public double Probability { get; init; } = 0.15;

    /// <summary>Gets a value indicating whether images are mirrored: left to right is one kind, top to bottom another.</summary>
    /// <value>The default is <see langword="true"/>, for letters too.</value>
    public bool Flips { get; init; } = true;

    /// <summary>Gets a value indicating whether square images are turned by a quarter, a half or three quarters; others never are.</summary>
    /// <value>The default is <see langword="true"/>.</value>
    public bool QuarterTurns { get; init; } = true;

    /// <summary>Gets how far images are moved at most, by whole pixels each way, as a share of their width and height. The pixels of the edge are repeated.</summary>
    /// <value>[0, 0.5]; 0 moves none. The default is 0.125.</value>
    public double MaximumShift { get; init; } = 0.125;

    /// <summary>Gets the factor by which images are enlarged at most, or reduced, about their middle.</summary>
    /// <value>[1, 2]; 1 does neither. The default is 1.25.</value>
    public double MaximumScale { get; init; } = 1.25;

    /// <summary>Gets the angle, in degrees, by which images are turned at most, either way, about their middle.</summary>
    /// <value>[0, 180]; 0 turns none. The default is 15.</value>
    public double MaximumRotation { get; init; } = 15;

    /// <inheritdoc/>
    public override string ToString() => RecordText.Of(this);

    internal void Validate()
    {
        Require(
            Probability is > 0 and <= 1,
            nameof(Probability),
            Probability,
            "must be above 0 and at most 1, because it is a probability; leave Augmentation null for none");
        Require(
            MaximumShift is >= 0 and <= 0.5,
            nameof(MaximumShift),
            MaximumShift,
            "must be in [0, 0.5], a share of the image; 0 moves no image");
        Require(MaximumScale is >= 1 and <= 2, nameof(MaximumScale), MaximumScale, "must be in [1, 2]; 1 leaves all images in their size");
        Require(
            MaximumRotation is >= 0 and <= 180,
            nameof(MaximumRotation),
            MaximumRotation,
            "must be in [0, 180], an angle in degrees; 0 turns no image");
    }

    private static void Require(bool holds, string name, object? value, string rule) =>
        Check.Require(holds, $"{nameof(TrainingOptions.Augmentation)}.{name}", value, rule);
}
