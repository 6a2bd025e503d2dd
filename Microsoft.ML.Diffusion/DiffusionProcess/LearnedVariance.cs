using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.DiffusionProcess;

/// <summary>The half of a network's output that tells the variance (Nichol and Dhariwal 2021, section 3.1).</summary>
internal static class LearnedVariance
{
    /// <summary>Splits [N, 2C, ...] into the prediction and the interpolation v, [N, C, ...] each.</summary>
    public static (Tensor Prediction, Tensor Interpolation) Split(Tensor output)
    {
        var halves = output.chunk(2, 1);
        return (halves[0], halves[1]);
    }

    /// <summary>f log beta_t + (1 - f) log beta~_t with f = (v + 1) / 2.</summary>
    /// <param name="interpolation">v, [N, C, ...]; -1 is the smaller variance, 1 the larger.</param>
    /// <param name="logSmall">log beta~_t.</param>
    /// <param name="logLarge">log beta_t.</param>
    public static Tensor LogVariance(Tensor interpolation, Tensor logSmall, Tensor logLarge)
    {
        var fraction = interpolation.Plus(1).Over(2);
        return (fraction * logLarge).Plus(fraction.Complement() * logSmall);
    }

    /// <inheritdoc cref="LogVariance(Tensor, Tensor, Tensor)"/>
    public static Tensor LogVariance(Tensor interpolation, double logSmall, double logLarge)
    {
        var fraction = interpolation.Plus(1).Over(2);
        return fraction.Times(logLarge).Plus(fraction.Complement().Times(logSmall));
    }
}
