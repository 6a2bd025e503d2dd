using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Networks;

/// <summary>Two normalized convolutions around the timestep's features, added to the input.</summary>
internal sealed class ResidualBlock : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly GroupNorm norm1;
    private readonly Conv2d conv1;
    private readonly Linear time_emb_proj;
    private readonly GroupNorm norm2;
    private readonly Conv2d conv2;
    private readonly Conv2d? conv_shortcut;
    private readonly SeededDropout _dropout;

    public ResidualBlock(int inChannels, int outChannels, int embeddingFeatures, int groups, SeededDropout dropout)
        : base(nameof(ResidualBlock))
    {
        norm1 = nn.GroupNorm(groups, inChannels, UNet.NormalizationEpsilon);
        conv1 = nn.Conv2d(inChannels, outChannels, 3, padding: 1);
        time_emb_proj = nn.Linear(embeddingFeatures, outChannels);
        norm2 = nn.GroupNorm(groups, outChannels, UNet.NormalizationEpsilon);
        conv2 = nn.Conv2d(outChannels, outChannels, 3, padding: 1);
        conv_shortcut = inChannels == outChannels ? null : nn.Conv2d(inChannels, outChannels, 1);
        _dropout = dropout;
        RegisterComponents();
    }

    /// <summary>The convolution whose output the block adds: zero at the start of training, so that the block starts as the identity.</summary>
    public Conv2d Last => conv2;

    /// <param name="x">[N, C_in, H, W].</param>
    /// <param name="embedding">Activated features of the timestep, [N or 1, F].</param>
    /// <returns>[N, C_out, H, W].</returns>
    public override Tensor forward(Tensor x, Tensor embedding)
    {
        using var scope = NewDisposeScope();
        var h = conv1.forward(Activation.Silu(norm1.forward(x)));
        h.add_(time_emb_proj.forward(embedding).unsqueeze(-1).unsqueeze(-1));
        h = conv2.forward(_dropout.Apply(Activation.Silu(norm2.forward(h)), training));
        return h.add_(conv_shortcut is null ? x : conv_shortcut.forward(x)).MoveToOuterDisposeScope();
    }
}
