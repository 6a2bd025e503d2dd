using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.DiffusionProcess;

/// <summary>The half of a network's output that tells the variance (Nichol and Dhariwal 2021, section 3.1).</summary>
internal static partial class LearnedVariance
{
    /// <summary>Splits [N][2C][H][W] into the prediction and the interpolation v, [N][C][H][W] each.</summary>
    public static (Batch Prediction, Batch Interpolation) Split(Batch output)
    {
        var half = output.Length / 2;
        return (
            Batch.Create(output.Count, half, (image, prediction) => output[image][..half].CopyTo(prediction)),
            Batch.Create(output.Count, half, (image, interpolation) => output[image][half..].CopyTo(interpolation)));
    }

    /// <summary>Noise of the variance exp(f log beta_t + (1 - f) log beta~_t) with f = (v + 1) / 2.</summary>
    /// <param name="interpolation">v; -1 is the smaller variance, 1 the larger.</param>
    /// <param name="noise">Standard normal.</param>
    /// <param name="logSmall">log beta~_t.</param>
    /// <param name="logLarge">log beta_t.</param>
    public static Batch Noise(Batch interpolation, Batch noise, double logSmall, double logLarge) =>
        Batch.Create(noise.Count, noise.Length, (image, scaled) =>
        {
            var v = interpolation[image];
            var standard = noise[image];
            for (var i = 0; i < scaled.Length; i++)
            {
                var fraction = (v[i] + 1) / 2;
                scaled[i] = Math.Exp(0.5 * ((fraction * logLarge) + ((1 - fraction) * logSmall))) * standard[i];
            }
        });
}
