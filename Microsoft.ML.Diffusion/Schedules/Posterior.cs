namespace Microsoft.ML.Diffusion.Schedules;

/// <summary>
/// The forward process posterior q(x_s | x_t, x_0) between two noise levels s &lt; t (Ho et al. 2020, eq. 6 and 7):
/// N(<see cref="OriginalCoefficient"/> x_0 + <see cref="NoisyCoefficient"/> x_t, <see cref="Variance"/> I).
/// </summary>
/// <remarks>s need not be t - 1: a run over a subset of timesteps has the respaced beta = 1 - alpha-bar_t / alpha-bar_s.</remarks>
internal readonly record struct Posterior(double OriginalCoefficient, double NoisyCoefficient, double Variance, double Beta)
{
    public static Posterior Between(double alphaBar, double alphaBarPrevious)
    {
        var alpha = alphaBar / alphaBarPrevious;
        var beta = 1 - alpha;
        return new Posterior(
            OriginalCoefficient: Math.Sqrt(alphaBarPrevious) * beta / (1 - alphaBar),
            NoisyCoefficient: Math.Sqrt(alpha) * (1 - alphaBarPrevious) / (1 - alphaBar),
            Variance: beta * (1 - alphaBarPrevious) / (1 - alphaBar),
            Beta: beta);
    }
}
