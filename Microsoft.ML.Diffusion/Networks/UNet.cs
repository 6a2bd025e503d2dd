using Microsoft.ML.Diffusion.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Networks;

/// <summary>
/// The U-Net of DDPM (Ho et al. 2020, appendix B): noisy images and a timestep in, a prediction of the same size out. It knows no schedule.
/// </summary>
/// <remarks>Fields are named as in a diffusers state dict, so that weights move between the two without renaming.</remarks>
internal sealed class UNet : nn.Module
{
    private readonly Conv2d conv_in;
    private readonly TimestepEmbedding time_embedding;
    private readonly ClassEmbedding? class_embedding;
    private readonly ModuleList<DownLevel> down_blocks = [];
    private readonly MiddleLevel? mid_block;
    private readonly ModuleList<UpLevel> up_blocks = [];
    private readonly GroupNorm conv_norm_out;
    private readonly Conv2d conv_out;
    private readonly int _patchSize;

    /// <param name="options">The shape, validated.</param>
    /// <param name="inChannels">Channels of the images.</param>
    /// <param name="outChannels">Channels of the prediction.</param>
    /// <param name="height">Height of the images in pixels; with the width it decides which levels attend.</param>
    /// <param name="width">Width of the images in pixels.</param>
    /// <param name="numberOfClasses">Number of classes of a conditional network; 0 for none.</param>
    public UNet(UNetOptions options, int inChannels, int outChannels, int height, int width, int numberOfClasses = 0)
        : base(nameof(UNet))
    {
        using var scope = NewDisposeScope(); // for what TorchSharp computes by the way; the layers hold their weights themselves
        Options = options;
        Dropout = new SeededDropout(options.Dropout);
        _patchSize = options.PatchSize;
        var (channels, features, folded) =
            (options.BaseChannels, options.Details.TimestepFeatures ?? options.BaseChannels * 4, _patchSize * _patchSize);
        var parts = new UNetParts(options, features, Dropout);

        conv_in = nn.Conv2d(inChannels * folded, channels, 3, padding: 1);
        time_embedding = new TimestepEmbedding(options, features);
        class_embedding = numberOfClasses > 0 ? new ClassEmbedding(numberOfClasses, features) : null;

        var (levels, upLevels) = Plans(options, Math.Max(height, width) / _patchSize);
        var skips = new Stack<int>([channels]);
        foreach (var level in levels)
        {
            down_blocks.Add(new DownLevel(level, channels, parts));
            channels = level.Channels;
            for (var i = 0; i < options.NumberOfResidualBlocks + (level.ChangesResolution ? 1 : 0); i++)
            {
                skips.Push(channels);
            }
        }

        mid_block = options.Details.Middle == UNetMiddle.None ? null : new MiddleLevel(channels, parts);
        foreach (var level in upLevels)
        {
            up_blocks.Add(new UpLevel(level, channels, skips, parts));
            channels = level.Channels;
        }

        conv_norm_out = nn.GroupNorm(options.NumberOfNormalizationGroups, channels, options.Details.NormalizationEpsilon);
        conv_out = nn.Conv2d(channels, outChannels * folded, 3, padding: 1);
        RegisterComponents();
    }

    public UNetOptions Options { get; }

    /// <summary>The dropout of all residual blocks.</summary>
    public SeededDropout Dropout { get; }

    /// <summary>The last convolution: zero at the start of training, so that the first prediction is zero.</summary>
    public Conv2d Last => conv_out;

    /// <param name="x">Noisy images, [N, C, H, W].</param>
    /// <param name="timesteps">[N], or [1] if all are at the same.</param>
    /// <param name="labels">Class of each image, int64 [N], -1 for none; null where the network is unconditional or no image has one.</param>
    /// <returns>The prediction, [N, C_out, H, W], in the type of <paramref name="x"/>; what is between is computed in that of the weights.</returns>
    public Tensor Forward(Tensor x, Tensor timesteps, Tensor? labels = null)
    {
        using var scope = NewDisposeScope();
        var (h, embedding, skips) = Descend(x, timesteps, labels);
        foreach (var level in up_blocks)
        {
            h = level.Forward(h, embedding, skips);
        }

        h = Layers.Convolve(conv_out, Layers.Normalize(conv_norm_out, h, activates: true));
        return (_patchSize > 1 ? nn.functional.pixel_shuffle(h, _patchSize) : h).to(x.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>What the lowest resolution sees; parameters as for <see cref="Forward"/>.</summary>
    /// <returns>The features behind the middle blocks, [N, channels, height, width].</returns>
    public Tensor Bottleneck(Tensor x, Tensor timesteps, Tensor? labels = null)
    {
        using var scope = NewDisposeScope();
        return Descend(x, timesteps, labels).Features.MoveToOuterDisposeScope();
    }

    // The way down and the middle, in the caller's scope.
    private (Tensor Features, Tensor Embedding, Stack<Tensor> Skips) Descend(Tensor x, Tensor timesteps, Tensor? labels)
    {
        var embedding = time_embedding.forward(timesteps);
        if (class_embedding is not null && labels is not null)
        {
            embedding = embedding.Plus(class_embedding.forward(labels));
        }

        embedding = nn.functional.silu(embedding); // every block reads it activated

        var input = x.to(conv_in.weight.dtype);
        input = Options.Details.CenterInput ? input.Times(2).Minus(1) : input;
        var h = Layers.Convolve(conv_in, _patchSize > 1 ? nn.functional.pixel_unshuffle(input, _patchSize) : input);
        var skips = new Stack<Tensor>([h]);
        foreach (var level in down_blocks)
        {
            h = level.Forward(h, embedding, skips);
        }

        return (mid_block is null ? h : mid_block.Forward(h, embedding), embedding, skips);
    }

    // Each way in its own order. Every level but the last changes the resolution, down after its blocks and up before it is entered again.
    private static (List<LevelPlan> Down, List<LevelPlan> Up) Plans(UNetOptions options, int side)
    {
        var levels = options.NumberOfLevels;
        var (down, up) = options.BlocksFor(side);
        return (
            [.. down.Select((block, i) => new LevelPlan(options.ChannelsOf(i), block, ChangesResolution: i + 1 < levels))],
            [.. up.Select((block, i) => new LevelPlan(options.ChannelsOf(levels - 1 - i), block, ChangesResolution: i + 1 < levels))]);
    }
}
