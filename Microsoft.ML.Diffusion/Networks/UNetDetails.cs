using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <summary>
/// Where the U-Nets of other libraries differ from that of the DDPM authors, whose the defaults are. Only imported networks, and copies of them, need
/// these.
/// </summary>
public sealed record UNetDetails
{
    /// <summary>Gets the number of channels of each level where they are not multiples of <see cref="UNetOptions.BaseChannels"/>.</summary>
    /// <value>
    /// Multiples of <see cref="UNetOptions.NumberOfNormalizationGroups"/>; <see langword="null"/>, the default, follows
    /// <see cref="UNetOptions.ChannelMultipliers"/>, which a list replaces.
    /// </value>
    public IReadOnlyList<int>? LevelChannels
    {
        get;
        init => field = EquatableList.Of(value);
    }

    /// <summary>Gets what each level consists of on the way down, from full resolution on.</summary>
    /// <value>
    /// One for each level; <see langword="null"/>, the default, attends at <see cref="UNetOptions.AttentionResolutions"/>, which a list replaces.
    /// </value>
    public IReadOnlyList<UNetBlock>? DownBlocks
    {
        get;
        init => field = EquatableList.Of(value);
    }

    /// <summary>Gets what each level consists of on the way up, from the lowest resolution on.</summary>
    /// <value>One for each level; <see langword="null"/>, the default, is the way down reversed.</value>
    public IReadOnlyList<UNetBlock>? UpBlocks
    {
        get;
        init => field = EquatableList.Of(value);
    }

    /// <summary>Gets what stands between the way down and the way up.</summary>
    /// <value>The default is <see cref="UNetMiddle.Attention"/>.</value>
    public UNetMiddle Middle { get; init; } = UNetMiddle.Attention;

    /// <summary>Gets the number that the sums of input and output are divided by in the middle.</summary>
    /// <value>Above 0. The default is 1.</value>
    public double MiddleScale { get; init; } = 1;

    /// <summary>Gets the number of groups of the normalization before the middle's attention.</summary>
    /// <value>
    /// A divisor of the last level's channels; 0 leaves the normalization out; <see langword="null"/>, the default, is
    /// <see cref="UNetOptions.NumberOfNormalizationGroups"/>.
    /// </value>
    public int? MiddleAttentionGroups { get; init; }

    /// <summary>Gets the number added to the variances of the group normalizations.</summary>
    /// <value>Above 0. The default is 1e-6.</value>
    public double NormalizationEpsilon { get; init; } = 1e-6;

    /// <summary>
    /// Gets a value indicating whether the timestep scales and shifts the features after a residual block's second normalization (Dhariwal and Nichol
    /// 2021, eq. 3).
    /// </summary>
    /// <value>The default, <see langword="false"/>, adds to the features before it.</value>
    public bool ScaleAndShift { get; init; }

    /// <summary>Gets the number of features that a timestep becomes.</summary>
    /// <value>1 to 262,144; <see langword="null"/>, the default, is four times <see cref="UNetOptions.BaseChannels"/>.</value>
    public int? TimestepFeatures { get; init; }

    /// <summary>Gets a value indicating whether the cosines of a timestep come before its sines.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool CosinesFirst { get; init; }

    /// <summary>Gets d in the frequencies 10000^(-i / (BaseChannels / 2 - d)), i = 0, 1, ..., of a timestep's sines and cosines.</summary>
    /// <value>At least 0 and below half of <see cref="UNetOptions.BaseChannels"/>. The default is 1, with which the lowest frequency is 1 / 10000.</value>
    public int FrequencyShift { get; init; } = 1;

    /// <summary>Gets the rows and columns of zeros around what a strided convolution halves.</summary>
    /// <value>1, or 0, the default, which pads right and below only.</value>
    public int DownsamplePadding { get; init; }

    /// <summary>Gets a value indicating whether the network first takes its input x to 2x - 1.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool CenterInput { get; init; }

    /// <inheritdoc/>
    public override string ToString() => RecordText.Of(this);
}
