using Microsoft.ML.Diffusion.Schedules;

namespace Microsoft.ML.Diffusion.DiffusionProcess;

/// <summary>How a run is guided towards its classes; see <see cref="GenerationOptions"/>.</summary>
/// <param name="Scale">How far the prediction is pushed.</param>
/// <param name="Rescale">phi of Lin et al. 2023, 0..1.</param>
/// <param name="SigmaMin">Guided above this noise level.</param>
/// <param name="SigmaMax">Guided up to this noise level.</param>
internal readonly record struct Guidance(double Scale, double Rescale = 0, double SigmaMin = 0, double SigmaMax = double.PositiveInfinity)
{
    /// <summary>No push: the prediction of the class alone.</summary>
    public static Guidance Off { get; } = new(1);

    private bool IsEverywhere => SigmaMin == 0 && double.IsPositiveInfinity(SigmaMax);

    /// <summary>The guidance at a time: outside of the interval the class is followed without a push (Kynkaanniemi et al. 2024).</summary>
    /// <param name="timestep">The time that the network is told.</param>
    /// <param name="levels">The noise level of each time.</param>
    public Guidance At(double timestep, Lazy<LevelTable> levels)
    {
        if (IsEverywhere || Scale is 0 or 1)
        {
            return this;
        }

        var sigma = KarrasSpacing.Sigma(levels.Value.AlphaBar(timestep));
        return sigma > SigmaMin && sigma <= SigmaMax ? this : Off;
    }
}
