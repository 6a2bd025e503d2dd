namespace Microsoft.ML.Diffusion.Training;

/// <summary>
/// Min-SNR-gamma weights (Hang et al. 2023): the squared error of x_0 is weighted by the signal-to-noise ratio, at most gamma, whatever the
/// network predicts, so that the many nearly clean timesteps do not dominate. A power below 1 weakens the weights.
/// </summary>
/// <param name="Gamma">Above 0.</param>
/// <param name="Power">(0, 1]: the weight is min(SNR, gamma)^power.</param>
internal readonly record struct MinimumSnr(double Gamma, double Power)
{
    /// <summary>The weight of the squared error of a prediction.</summary>
    /// <param name="prediction">What is predicted. The squared error of epsilon is SNR times that of x_0, and that of v is SNR + 1 times.</param>
    /// <param name="snr">alpha-bar / (1 - alpha-bar), at least 0: there the weight of epsilon is 1 with a power of 1, and infinite below.</param>
    public double Weight(PredictionType prediction, double snr) => prediction switch
    {
        PredictionType.Epsilon => snr > Gamma ? Math.Pow(Gamma, Power) / snr : Math.Pow(snr, Power - 1),
        PredictionType.Sample => Math.Pow(Math.Min(snr, Gamma), Power),
        _ => Math.Pow(Math.Min(snr, Gamma), Power) / (snr + 1),
    };
}
