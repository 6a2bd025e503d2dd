using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion;

/// <summary>Joins what a network says with labels and without (Ho and Salimans 2022, whose w is the scale less 1).</summary>
internal static class ClassifierFreeGuidance
{
    /// <summary>unlabelled + scale (labelled - unlabelled), in one network call.</summary>
    /// <param name="network">Maps x [N, C, H, W] and labels [N], or none, to the prediction [N, C, H, W].</param>
    /// <param name="x">[N, C, H, W].</param>
    /// <param name="labels">Class of each image, -1 for none; null for a batch without classes.</param>
    /// <param name="scale">0 and 1 need one of the two predictions only; anything else makes the call one of 2N images.</param>
    public static Tensor Predict(Func<Tensor, Tensor?, Tensor> network, Tensor x, Tensor? labels, double scale)
    {
        if (labels is null || scale == 0)
        {
            return network(x, null);
        }

        if (scale == 1)
        {
            return network(x, labels);
        }

        var both = network(cat([x, x]), cat([labels, full_like(labels, -1)])).chunk(2);
        return both[1] + (scale * (both[0] - both[1]));
    }
}
