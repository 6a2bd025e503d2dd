using Microsoft.ML.Diffusion.Runtime;
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
    private readonly DropoutLayer _dropout;
    private readonly bool _scalesAndShifts;
    private readonly double _outputScale;
    private readonly Func<Tensor, Tensor>? _resample;

    /// <param name="inChannels">C_in.</param>
    /// <param name="outChannels">C_out.</param>
    /// <param name="embeddingFeatures">F.</param>
    /// <param name="options">The network's.</param>
    /// <param name="dropout">The network's.</param>
    /// <param name="outputScale">What the sum of input and output is divided by.</param>
    /// <param name="resample">How both ways through the block change the resolution; null keeps it.</param>
    public ResidualBlock(
        int inChannels,
        int outChannels,
        int embeddingFeatures,
        UNetOptions options,
        SeededDropout dropout,
        double outputScale = 1,
        Func<Tensor, Tensor>? resample = null)
        : base(nameof(ResidualBlock))
    {
        var groups = options.NumberOfNormalizationGroups;
        norm1 = nn.GroupNorm(groups, inChannels, options.Details.NormalizationEpsilon);
        conv1 = nn.Conv2d(inChannels, outChannels, 3, padding: 1);
        time_emb_proj = nn.Linear(embeddingFeatures, options.Details.ScaleAndShift ? 2 * outChannels : outChannels);
        norm2 = nn.GroupNorm(groups, outChannels, options.Details.NormalizationEpsilon);
        conv2 = nn.Conv2d(outChannels, outChannels, 3, padding: 1);
        conv_shortcut = inChannels == outChannels ? null : nn.Conv2d(inChannels, outChannels, 1);
        (_dropout, _scalesAndShifts, _outputScale, _resample) = (dropout.AddLayer(), options.Details.ScaleAndShift, outputScale, resample);
        RegisterComponents();
    }

    /// <summary>The convolution whose output the block adds: zero at the start of training, so that the block starts as the identity.</summary>
    public Conv2d Last => conv2;

    /// <param name="x">[N, C_in, H, W].</param>
    /// <param name="embedding">Activated features of the timestep, [N or 1, F].</param>
    /// <returns>[N, C_out, H, W], or of the resolution that the block changes to.</returns>
    public override Tensor forward(Tensor x, Tensor embedding)
    {
        using var scope = NewDisposeScope();
        var h = Layers.Normalize(norm1, x, activates: true);
        if (_resample is not null)
        {
            (x, h) = (_resample(x), _resample(h));
        }

        var features = time_emb_proj.forward(embedding);
        if (_scalesAndShifts)
        {
            h = Layers.Normalize(norm2, Layers.Convolve(conv1, h), activates: false);
            h = Layers.Silu(ScaledAndShifted(h, features.unsqueeze(-1).unsqueeze(-1)));
        }
        else
        {
            h = Layers.Normalize(norm2, Layers.Convolve(conv1, h, features), activates: true);
        }

        h = Layers.Convolve(conv2, _dropout.Apply(h, training));
        h = h.Add(conv_shortcut is null ? x : Layers.Convolve(conv_shortcut, x));
        return (_outputScale == 1 ? h : h.Over(_outputScale)).MoveToOuterDisposeScope();
    }

    // y_s GroupNorm(h) + y_b (Dhariwal and Nichol 2021, eq. 3), with y_s around 1.
    private static Tensor ScaledAndShifted(Tensor normalized, Tensor features)
    {
        var halves = features.chunk(2, 1);
        return (normalized * halves[0].Plus(1)).Plus(halves[1]);
    }
}
