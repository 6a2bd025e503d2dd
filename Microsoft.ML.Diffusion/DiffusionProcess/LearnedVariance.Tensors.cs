using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.DiffusionProcess;

/// <content>The same on tensors, for losses and bounds.</content>
internal static partial class LearnedVariance
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
}
