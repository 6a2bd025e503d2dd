using Microsoft.ML.Diffusion.DiffusionProcess;

namespace Microsoft.ML.Diffusion.Persistence.Onnx;

/// <summary>Writes what <see cref="Denoiser"/> computes: x_0 and epsilon of a prediction, clipping applied.</summary>
/// <param name="graph">Where to.</param>
/// <param name="prediction">What the network predicts.</param>
/// <param name="clipping">What happens to an x_0 outside the range of images.</param>
/// <param name="pixels">The numbers of an image.</param>
internal sealed class OnnxDenoiser(OnnxGraph graph, PredictionType prediction, Clipping clipping, long pixels)
{
    /// <summary>Writes x_0, clipped, and epsilon when that is asked for.</summary>
    /// <param name="x">What the network was called on, [N, C, H, W].</param>
    /// <param name="output">What it predicted, of the same shape.</param>
    /// <param name="signal">sqrt(alpha-bar).</param>
    /// <param name="noise">sqrt(1 - alpha-bar).</param>
    public (string Original, Func<string> Noise) Add(string x, string output, string signal, string noise)
    {
        var original = prediction switch
        {
            PredictionType.Epsilon => graph.Ratio(Less(x, noise, output), signal),
            PredictionType.Sample => output,
            _ => graph.Difference(graph.Product(signal, x), graph.Product(noise, output)),
        };
        var clipped = Clipped(original);
        if (clipping.Kind != ClippingKind.None && !clipping.KeepPredictedNoise)
        {
            return (clipped, () => graph.Ratio(Less(x, signal, clipped), noise));
        }

        return (clipped, () => prediction switch
        {
            PredictionType.Epsilon => output,
            PredictionType.Sample => graph.Ratio(Less(x, signal, original), noise),
            _ => graph.Sum(graph.Product(signal, output), graph.Product(noise, x)),
        });
    }

    private string Less(string x, string factor, string y) => graph.Difference(x, graph.Product(factor, y));

    private string Clipped(string x) => clipping.Kind switch
    {
        ClippingKind.None => x,
        ClippingKind.Static => graph.Op("Clip", [x, graph.Number(-clipping.Range), graph.Number(clipping.Range)]),
        _ => Thresholded(x),
    };

    // x clamped to [-s, s] and divided by s, for the quantile s of |x|.
    private string Thresholded(string x)
    {
        var threshold = graph.Reshaped(Threshold(x), -1, 1, 1, 1);
        var atMost = graph.Op("Min", [x, threshold]);
        return graph.Ratio(graph.Op("Max", [atMost, graph.Op("Neg", [threshold])]), threshold);
    }

    // [N, 1]: on a straight line between the two absolute values that it lies between, the last of so many from the largest on.
    private string Threshold(string x)
    {
        var place = clipping.Ratio * (pixels - 1);
        var (lower, upper) = ((long)place, (long)Math.Ceiling(place));
        var sizes = graph.Reshaped(graph.Op("Abs", [x]), 0, -1);
        var largest = graph.Ops("TopK", [sizes, graph.Integers(pixels - lower)], 2, OnnxAttribute.Of("axis", 1))[0];
        string At(long rank) => graph.Op("Gather", [largest, graph.Integers(pixels - 1 - rank)], OnnxAttribute.Of("axis", 1));
        var quantile = upper == lower
            ? At(lower)
            : graph.Sum(At(lower), graph.Product(graph.Number(place - lower), graph.Difference(At(upper), At(lower))));
        return graph.Op("Clip", [quantile, graph.Number(1), graph.Number(Math.Min(clipping.Range, float.MaxValue))]);
    }
}
