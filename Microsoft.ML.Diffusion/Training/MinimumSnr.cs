namespace Microsoft.ML.Diffusion.Training;

/// <summary>
/// Min-SNR-gamma weights (Hang et al. 2023): the squared error of x_0 is weighted by the signal-to-noise ratio, at most gamma, whatever the
/// network predicts, so that the many nearly clean timesteps do not dominate.
/// </summary>
internal static class MinimumSnr
{
    /// <summary>The weight of the squared error of a prediction.</summary>
    /// <param name="prediction">What is predicted. The squared error of epsilon is SNR times that of x_0, and that of v is SNR + 1 times.</param>
    /// <param name="snr">alpha-bar / (1 - alpha-bar), at least 0.</param>
    /// <param name="gamma">Above 0.</param>
    public static double Weight(PredictionType prediction, double snr, double gamma) => prediction switch
    {
        PredictionType.Epsilon => Math.Min(1, gamma / snr), // also where the ratio is 0
        PredictionType.Sample => Math.Min(snr, gamma),
        _ => Math.Min(snr, gamma) / (snr + 1),
    };
}
