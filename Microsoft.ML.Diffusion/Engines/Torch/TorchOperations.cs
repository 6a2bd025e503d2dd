using Microsoft.ML.Diffusion.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Engines.Torch;

/// <summary>Operations of a plan that are several of TorchSharp's, in the caller's dispose scope.</summary>
internal static class TorchOperations
{
    /// <summary>[sin(t w_i), cos(t w_i)] for w_i = 10000^(-i / (half - shift)), i = 0..half-1: [N] to [N, count], as the DDPM U-Net has it.</summary>
    public static Tensor Sinusoids(Tensor timesteps, int count, bool cosinesFirst = false, int shift = 1)
    {
        var half = count / 2;
        var indices = tensor(Array.ConvertAll([.. Enumerable.Range(0, half)], i => (float)i), device: timesteps.device);
        var frequencies = indices.Times(-Math.Log(10000) / Math.Max(1, half - shift)).exp();
        var angles = timesteps.to(ScalarType.Float32).unsqueeze(1) * frequencies.unsqueeze(0);
        return cosinesFirst ? cat([angles.cos(), angles.sin()], 1) : cat([angles.sin(), angles.cos()], 1);
    }

    /// <summary>Labels, int64 [N], to their vectors [N, F] of [classes, F]; zero where the label is -1.</summary>
    public static Tensor VectorsOf(Tensor labels, Tensor vectors)
    {
        var isLabelled = labels.IsAbove(-1).to(vectors.dtype).unsqueeze(1);
        return vectors.index_select(0, labels.AtLeast(0)) * isLabelled;
    }

    /// <summary>Scaled dot-product attention of pixels, all [N, HW, C].</summary>
    public static Tensor Attend(Tensor queries, Tensor keys, Tensor values, int heads)
    {
        var (n, pixels, channels) = (queries.shape[0], queries.shape[1], queries.shape[2]);
        Tensor Heads(Tensor x) => x.reshape(n, pixels, heads, channels / heads).transpose(1, 2); // [N, heads, HW, C / heads]
        var attended = nn.functional.scaled_dot_product_attention(Heads(queries), Heads(keys), Heads(values));
        return attended.transpose(1, 2).reshape(n, pixels, channels);
    }

    /// <summary>y_s GroupNorm(h) + y_b (Dhariwal and Nichol 2021, eq. 3), with y_s around 1.</summary>
    /// <param name="normalized">[N, C, H, W].</param>
    /// <param name="features">[N or 1, 2C].</param>
    public static Tensor ScaleAndShift(Tensor normalized, Tensor features)
    {
        var halves = features.unsqueeze(-1).unsqueeze(-1).chunk(2, 1);
        return (normalized * halves[0].Plus(1)).Plus(halves[1]);
    }

    /// <summary>Operations that only move, repeat or average pixels.</summary>
    /// <param name="node">One of them, or the centering of images.</param>
    /// <param name="x">What it reads.</param>
    public static Tensor Rearrange(PlanStep node, Tensor x)
    {
        var shape = node.Shape;
        return node switch
        {
            CenterNode => x.Times(2).Minus(1),
            PatchNode patch => nn.functional.pixel_unshuffle(x, patch.Side),
            UnpatchNode patch => nn.functional.pixel_shuffle(x, patch.Side),
            AveragePoolNode => nn.functional.avg_pool2d(x, 2),
            RepeatPixelsNode => nn.functional.interpolate(x, scale_factor: [2, 2], mode: InterpolationMode.Nearest),
            PixelsNode => x.permute(0, 2, 3, 1).reshape(shape.Of(x.shape[0])),
            ImageNode => x.reshape(x.shape[0], shape.Height, shape.Width, shape.Channels).permute(0, 3, 1, 2),
            _ => throw new NotSupportedException($"{node} is not computed by TorchSharp."),
        };
    }
}
