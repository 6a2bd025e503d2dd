using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Engines.Torch;

/// <summary>Makes the weights of a network views of one buffer, in an order that their names alone decide.</summary>
/// <remarks>
/// Each begins at a cache line, as tensors of their own do: products round differently elsewhere, and a model must be the same when it has been saved
/// and loaded.
/// </remarks>
internal static class FlatBinding
{
    private const long Alignment = 16; // numbers of 4 bytes in a cache line

    /// <summary>The numbers of a buffer for a network's weights, which lie in it with gaps.</summary>
    public static long Length(IEnumerable<Parameter> weights) => weights.Sum(Place);

    /// <summary>Copies each weight into <paramref name="values"/> and makes it a view of the copy.</summary>
    public static void Move(UNet network, Tensor values) => Replace(network, values, (weight, view) =>
    {
        view.copy_(weight);
        return new Parameter(view);
    });

    /// <summary>Makes each weight a view of <paramref name="values"/>, and its gradient one of <paramref name="gradients"/>, if there are any.</summary>
    public static void Bind(UNet network, Tensor values, Tensor? gradients)
    {
        var offset = 0L;
        Replace(network, values, (_, view) =>
        {
            var bound = new Parameter(view);
            if (gradients is not null)
            {
                bound.grad = gradients.narrow(0, offset, bound.numel()).view(bound.shape);
            }

            offset += Place(bound);
            return bound;
        });
    }

    // Replaces each weight by what replace makes of it and of its place in the buffer.
    private static void Replace(UNet network, Tensor values, Func<Parameter, Tensor, Parameter> replace)
    {
        using var scope = NewDisposeScope();
        var offset = 0L;
        network.Replace(weight =>
        {
            var view = values.narrow(0, offset, weight.numel()).view(weight.shape);
            offset += Place(weight);
            return replace(weight, view);
        });
    }

    private static long Place(Tensor weight) => (weight.numel() + Alignment - 1) / Alignment * Alignment;
}
