using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.DiffusionProcess;

/// <summary>Joins what a network says with labels and without (Ho and Salimans 2022, whose w is the scale less 1).</summary>
internal static class ClassifierFreeGuidance
{
    /// <summary>unlabelled + scale (labelled - unlabelled), in one network call, and perhaps brought back to the spread of the labelled.</summary>
    /// <remarks>Channels that the network gives beyond those of x, such as a variance, are not moved: they stay those of the class.</remarks>
    /// <param name="network">Maps x [N, C, H, W] and labels [N], or none, to the prediction [N, C or more, H, W].</param>
    /// <param name="x">[N, C, H, W].</param>
    /// <param name="labels">Class of each image, -1 for none; null for a batch without classes.</param>
    /// <param name="guidance">Scales of 0 and 1 need one of the two predictions only; anything else makes the call one of 2N images.</param>
    public static Tensor Predict(Func<Tensor, Tensor?, Tensor> network, Tensor x, Tensor? labels, Guidance guidance)
    {
        var scale = guidance.Scale;
        if (labels is null || scale == 0)
        {
            return network(x, null);
        }

        if (scale == 1)
        {
            return network(x, labels);
        }

        var both = network(cat([x, x]), cat([labels, ones_like(labels).negative()])).chunk(2);
        var (channels, outputs) = (x.shape[1], both[0].shape[1]);
        var (labelled, unlabelled) = (both[0].narrow(1, 0, channels), both[1].narrow(1, 0, channels));
        var guided = Rescaled(unlabelled.Plus((labelled - unlabelled).Times(scale)), labelled, guidance.Rescale);
        return outputs > channels ? cat([guided, both[0].narrow(1, channels, outputs - channels)], 1) : guided;
    }

    // phi times the guided prediction at the standard deviation of the labelled, image by image, the rest as it is (Lin et al. 2023, section 3.4).
    private static Tensor Rescaled(Tensor guided, Tensor labelled, double phi)
    {
        if (phi == 0)
        {
            return guided;
        }

        var (wanted, found) = (Deviation(labelled), Deviation(guided));

        // A prediction that is the same everywhere has no spread to bring back.
        var ratio = where(found.IsAbove(0), wanted / found, ones_like(found));
        return guided * ratio.Times(phi).Plus(1 - phi);
    }

    private static Tensor Deviation(Tensor prediction) => prediction.std([1, 2, 3], unbiased: false, keepdim: true);
}
