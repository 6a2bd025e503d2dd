using Microsoft.ML.Diffusion.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Networks;

/// <summary>Every pixel looks at every other: normalized scaled dot-product attention, added to the input.</summary>
internal sealed class SelfAttention : nn.Module<Tensor, Tensor>
{
    private readonly GroupNorm? group_norm;
    private readonly Linear to_q;
    private readonly Linear to_k;
    private readonly Linear to_v;
    private readonly ModuleList<Linear> to_out;
    private readonly int _heads;
    private readonly double _outputScale;

    /// <param name="channels">C.</param>
    /// <param name="options">The network's.</param>
    /// <param name="groups">Groups of the normalization; 0 for none.</param>
    /// <param name="outputScale">What the sum of input and output is divided by.</param>
    public SelfAttention(int channels, UNetOptions options, int groups, double outputScale = 1)
        : base(nameof(SelfAttention))
    {
        group_norm = groups > 0 ? nn.GroupNorm(groups, channels, options.Details.NormalizationEpsilon) : null;
        to_q = nn.Linear(channels, channels);
        to_k = nn.Linear(channels, channels);
        to_v = nn.Linear(channels, channels);
        to_out = [nn.Linear(channels, channels)];
        _heads = channels / (options.AttentionHeadDimension ?? channels);
        _outputScale = outputScale;
        RegisterComponents();
    }

    /// <summary>The projection whose output the block adds: zero at the start of training.</summary>
    public Linear Last => to_out[0];

    /// <summary>[N, C, H, W] to the same.</summary>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var (n, c, h, w) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3]);
        var pixels =
            (group_norm is null
                ? x
                : Layers.Normalize(group_norm, x, activates: false)).permute(0, 2, 3, 1).reshape(n, h * w, c); // [N, HW, C]

        Tensor Heads(Linear projection) =>
            projection.forward(pixels).reshape(n, h * w, _heads, c / _heads).transpose(1, 2); // [N, heads, HW, C / heads]
        var attended = nn.functional.scaled_dot_product_attention(Heads(to_q), Heads(to_k), Heads(to_v));

        var y = to_out[0].forward(attended.transpose(1, 2).reshape(n, h * w, c)).reshape(n, h, w, c).permute(0, 3, 1, 2);
        return (_outputScale == 1 ? x.Plus(y) : x.Plus(y).Over(_outputScale)).MoveToOuterDisposeScope();
    }
}
