using Microsoft.ML.Diffusion.Networks;

namespace Microsoft.ML.Diffusion.Benchmarks;

/// <summary>A network, and what it computes of an image.</summary>
/// <param name="Name">What tables call it.</param>
/// <param name="Plan">The network.</param>
/// <param name="Side">Of its images, in pixels.</param>
/// <param name="ImagesOfGpu">Images of a training step on each GPU.</param>
internal sealed record ScaledNetwork(string Name, UNetPlan Plan, int Side, int ImagesOfGpu)
{
    /// <summary>Gets the networks of the tables: that of Ho et al. 2020 for CIFAR-10, and one as large as that of Dhariwal and Nichol 2021 for 256x256.</summary>
    public static IReadOnlyList<ScaledNetwork> All { get; } = [Of("35.7 M", 32, 32, 128, [1, 2, 2, 2], [16]), Of("550 M", 256, 4, 256, [1, 1, 2, 3, 4, 4], [8, 16, 32])];

    /// <summary>Gets the bytes of all gradients.</summary>
    public double GradientBytes => sizeof(float) * (double)Plan.NumberOfParameters;

    /// <summary>Gets the operations of a prediction of one image.</summary>
    public double Operations => PlanWork.Operations(Plan);

    private static ScaledNetwork Of(string name, int side, int images, int channels, int[] multipliers, int[] attention)
    {
        var options = new UNetOptions { BaseChannels = channels, ChannelMultipliers = multipliers, NumberOfResidualBlocks = 2, AttentionResolutions = attention };
        return new(name, new UNetPlan(options, 3, 3, side, side), side, images);
    }
}

/// <summary>What training on many GPUs and generating by shards costs, by a few formulas: docs/scale-out.md has them, and what this prints.</summary>
/// <remarks>Each constant is an assumption about machines that were not at hand, but for what the code itself decides: the size of slices, and bytes.</remarks>
internal static class ScaleModel
{
    /// <summary>Operations that a GPU does in a second, of the many that its data sheet has.</summary>
    public const double GpuOperations = 50e12;

    /// <summary>Bytes of a slice of gradients.</summary>
    public const double SliceBytes = 25e6;

    /// <summary>Seconds that a message takes beside its bytes.</summary>
    public const double Latency = 5e-6;

    /// <summary>Bytes in a second between a GPU and its host.</summary>
    public const double HostCopy = 20e9;

    /// <summary>Bytes in a second that a host adds up for each of its GPUs.</summary>
    public const double HostSum = 10e9;

    /// <summary>Steps of a sampler for an image.</summary>
    public const int SamplerSteps = 20;

    /// <summary>Bytes that a file takes at least, and a multiple of.</summary>
    public const double BlockBytes = 4096;

    /// <summary>Bytes of a manifest for each file that it names.</summary>
    public const double ManifestBytes = 130;

    /// <summary>Seconds of a training step on one GPU: a pass forward, and twice that backward.</summary>
    public static double Compute(ScaledNetwork network) => 3 * network.Operations * network.ImagesOfGpu / GpuOperations;

    /// <summary>Seconds to sum the gradients of a step, with nothing hidden.</summary>
    /// <param name="network">The network.</param>
    /// <param name="gpus">N.</param>
    /// <param name="bytesPerSecond">What the network card moves for each GPU.</param>
    /// <param name="onHost">
    /// Whether gradients go through the host's memory and are added up there, each rank sending every other its part, as with MPI; or stay on the GPUs and are added
    /// up along a tree, as with NCCL.
    /// </param>
    public static double Exchange(ScaledNetwork network, int gpus, double bytesPerSecond, bool onHost)
    {
        var moved = 2.0 * (gpus - 1) / gpus * network.GradientBytes / bytesPerSecond;
        var messages = 2.0 * (onHost ? gpus - 1 : Math.Ceiling(Math.Log2(gpus))) * Slices(network) * Latency;
        var host = onHost ? (2 * network.GradientBytes / HostCopy) + (network.GradientBytes / HostSum) : 0;
        return moved + messages + host;
    }

    /// <summary>Seconds by which a step is longer than on one GPU: what the backward pass does not hide, and the last slice at least.</summary>
    /// <inheritdoc cref="Exchange" path="/param"/>
    public static double Exposed(ScaledNetwork network, int gpus, double bytesPerSecond, bool onHost)
    {
        var exchange = Exchange(network, gpus, bytesPerSecond, onHost);
        return Math.Max(exchange / Slices(network), exchange - (2.0 / 3 * Compute(network)));
    }

    /// <summary>The share of the images per second that as many GPUs would make each for itself.</summary>
    /// <inheritdoc cref="Exchange" path="/param"/>
    public static double Efficiency(ScaledNetwork network, int gpus, double bytesPerSecond, bool onHost)
    {
        var compute = Compute(network);
        return compute / (compute + Exposed(network, gpus, bytesPerSecond, onHost));
    }

    /// <summary>Hours to generate images.</summary>
    public static double Hours(ScaledNetwork network, int gpus, double images) =>
        images * SamplerSteps * network.Operations / GpuOperations / gpus / 3600;

    /// <summary>Bytes that images take on a disk if their files are as large as their pixels, and their manifests.</summary>
    public static double Stored(ScaledNetwork network, double images) =>
        images * ((Math.Ceiling(3.0 * network.Side * network.Side / BlockBytes) * BlockBytes) + ManifestBytes);

    private static double Slices(ScaledNetwork network) => Math.Ceiling(network.GradientBytes / SliceBytes);
}
