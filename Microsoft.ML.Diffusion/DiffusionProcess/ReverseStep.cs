namespace Microsoft.ML.Diffusion.DiffusionProcess;

/// <summary>A model's p(x_{t-1} | x_t) at one timestep: how the normal distribution of a pixel follows from x_t and from what the network says of it.</summary>
/// <param name="Timestep">t.</param>
/// <param name="OriginalOfNoisy">The share of x_t in the predicted x_0.</param>
/// <param name="OriginalOfPrediction">The share of the prediction in it.</param>
/// <param name="MeanOfOriginal">The share of x_0 in the mean (Ho et al. 2020, eq. 7).</param>
/// <param name="MeanOfNoisy">The share of x_t in it.</param>
/// <param name="LogSmall">The natural logarithm of the true posterior's variance beta~_t, at t = 0 that of t = 1.</param>
/// <param name="LogLarge">That of the largest variance that the model can have.</param>
/// <param name="IsLearned">Whether the network says where the variance lies between the two.</param>
internal readonly record struct ReverseStep(
    int Timestep,
    double OriginalOfNoisy,
    double OriginalOfPrediction,
    double MeanOfOriginal,
    double MeanOfNoisy,
    double LogSmall,
    double LogLarge,
    bool IsLearned)
{
    /// <summary>The derivative of the log variance with respect to the interpolation.</summary>
    public double LogVarianceOfInterpolation => 0.5 * (LogLarge - LogSmall);

    /// <summary>The x_0 that a prediction means, unclipped.</summary>
    public double Original(double noisy, double prediction) => (OriginalOfNoisy * noisy) + (OriginalOfPrediction * prediction);

    /// <summary>The mean, of an x_0 to which clipping was applied.</summary>
    public double Mean(double original, double noisy) => (MeanOfOriginal * original) + (MeanOfNoisy * noisy);

    /// <summary>Where the variance of a pixel lies: -1 is the smaller one, 1 the larger (Nichol and Dhariwal 2021, section 3.1).</summary>
    /// <param name="output">The network's output for an image: the predictions, and behind them as many interpolations where they are learned.</param>
    /// <param name="pixel">Which of the image's numbers.</param>
    public double Interpolation(ReadOnlySpan<double> output, int pixel) => IsLearned ? output[(output.Length / 2) + pixel] : 1;

    /// <summary>f log beta_t + (1 - f) log beta~_t with f = (v + 1) / 2 (Nichol and Dhariwal 2021, eq. 15).</summary>
    /// <param name="interpolation">v.</param>
    public double LogVariance(double interpolation)
    {
        var fraction = (interpolation + 1) / 2;
        return (fraction * LogLarge) + ((1 - fraction) * LogSmall);
    }

    /// <summary>Log beta~_t less <see cref="LogVariance"/>: as a difference of the two it would lose its digits where they are nearly equal.</summary>
    /// <param name="interpolation">v.</param>
    public double LogVarianceRatio(double interpolation) => (interpolation + 1) * 0.5 * (LogSmall - LogLarge);
}
