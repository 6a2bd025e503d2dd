using System.Globalization;

namespace Microsoft.ML.Diffusion;

/// <summary>
/// The family of samplers of the DDIM paper (Song et al. 2021, eq. 12 and 16): deterministic at <see cref="Eta"/> 0, as random as DDPM
/// at 1, over any subset of timesteps.
/// </summary>
public sealed record DdimSampler : Sampler
{
    /// <summary>Initializes the sampler.</summary>
    /// <param name="steps">Number of steps, 1..T.</param>
    /// <param name="eta">How much of DDPM's noise each step draws, 0..1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
    public DdimSampler(int steps = 50, double eta = 0)
        : base(TimestepSubset.Trailing(steps))
    {
        Eta = eta >= 0 && eta <= 1
            ? eta
            : throw new ArgumentOutOfRangeException(
                nameof(eta),
                eta,
                "eta must be in [0, 1], because it scales the noise from none (DDIM) to that of DDPM.");
    }

    /// <summary>Gets how much of DDPM's noise each step draws: 0 is deterministic, 1 equals ancestral sampling with the posterior's variance.</summary>
    public double Eta { get; }

    /// <summary>
    /// Gets a value indicating whether each step draws the larger noise sqrt(1 - alpha-bar_t / alpha-bar_{t-1}) of the paper's sigma-hat
    /// (appendix D.3); then <see cref="Eta"/> must be 1.
    /// </summary>
    public bool UseSigmaHat
    {
        get;
        init => field = !value || Eta == 1
            ? value
            : throw new ArgumentOutOfRangeException(
                nameof(UseSigmaHat),
                value,
                "UseSigmaHat needs eta = 1, because sigma-hat replaces the noise of that case alone.");
    }

    /// <summary>
    /// Gets where the network is asked when the steps are walked upward, by
    /// <see cref="DiffusionTransformer.Encode(IReadOnlyList{Microsoft.ML.Data.MLImage}, GenerationOptions?, IReadOnlyList{int}?)"/> and all that
    /// encodes.
    /// </summary>
    /// <value>The default is <see cref="InversionLevel.Lower"/>, the Euler step of the paper's eq. 14. It has no effect on generating.</value>
    /// <exception cref="ArgumentOutOfRangeException">It is not one of the values.</exception>
    public InversionLevel InversionLevel
    {
        get;
        init => field = Enum.IsDefined(value)
            ? value
            : throw new ArgumentOutOfRangeException(nameof(InversionLevel), value, "InversionLevel must be Lower or Upper.");
    }

    /// <inheritdoc/>
    public override bool IsStochastic => Eta > 0;

    /// <inheritdoc/>
    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"DDIM, {Timesteps}, eta {Eta}{(UseSigmaHat ? " with sigma-hat" : "")}, {Clipping}{(InversionLevel == InversionLevel.Upper ? ", inverted at the upper level" : "")}");

    /// <inheritdoc/>
    protected override ImageBatch TakeStep(ImageBatch x, SamplingContext context)
    {
        var (alphaBar, alphaBarPrevious) = (context.AlphaBar, context.AlphaBarNext);
        var sigma = Eta * Math.Sqrt((1 - alphaBarPrevious) / (1 - alphaBar) * (1 - (alphaBar / alphaBarPrevious)));
        var directionScale = Math.Sqrt(Math.Max(0, 1 - alphaBarPrevious - (sigma * sigma))); // rounding can dip below 0 at eta = 1
        var noiseScale = UseSigmaHat ? Math.Sqrt(1 - (alphaBar / alphaBarPrevious)) : sigma;

        var (original, direction) = ((Math.Sqrt(alphaBarPrevious), context.PredictedOriginal), (directionScale, context.PredictedNoise));
        return context.AddsNoise && noiseScale > 0
            ? ImageBatch.Sum(original, direction, (noiseScale, context.DrawNoise()))
            : ImageBatch.Sum(original, direction);
    }
}
