using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Model;

/// <content>The door for numbers of the host.</content>
internal sealed partial class NetworkCalls
{
    /// <summary>What the network says of images, each at a timestep of its own.</summary>
    /// <param name="x">[N][C][H][W], which the network gets in single precision.</param>
    /// <param name="timesteps">N timesteps.</param>
    /// <param name="labels">The class of each image, -1 for none; null for none of any.</param>
    /// <returns>[N][C][H][W], or [N][2C][H][W] for a learned variance.</returns>
    public Batch Predict(Batch x, IReadOnlyList<int> timesteps, IReadOnlyList<int>? labels)
    {
        using var share = network.TakeAgain();
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var shape = share.Value.Plan.Nodes.OfType<ImagesNode>().Single().Shape;
        var device = share.Value.parameters().First().device;
        var images = tensor(x.ToSingle(), [x.Count, shape.Channels, shape.Height, shape.Width], device: device);
        var classes = labels is null ? null : tensor(labels.Select(label => (long)label).ToArray(), device: device);
        return Batch.Of(Predict(images, timesteps.ToArray(), classes).cpu().contiguous().data<float>().ToArray(), x.Count);
    }
}
