using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Microsoft.ML.Diffusion.Engines.Torch;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Networks;

/// <summary>What must not change of a network: its weights' names, order and first values bit by bit, and what it computes from other values.</summary>
/// <param name="Names">SHA-256 of the names and shapes of all weights.</param>
/// <param name="Weights">SHA-256 of their first values.</param>
/// <param name="Flat">SHA-256 of the buffer in which an optimizer lays them.</param>
/// <param name="Numbers">Norms and projections, in float64, of the bottleneck, of the prediction and of all gradients.</param>
internal sealed record NetworkFingerprint(string Names, string Weights, string Flat, double[] Numbers)
{
    /// <summary>As <see cref="NetworkRecords"/> puts it down.</summary>
    public override string ToString() => FormattableString.Invariant(
        $"""new("{Names}", "{Weights}", "{Flat}", [{string.Join(", ", Numbers.Select(number => FormattableString.Invariant($"{number:G13}")))}])""");

    public static NetworkFingerprint Of(NetworkCase network)
    {
        var weights = FirstWeights.Of(network.CreatePlan(), seed: 5);
        var names = string.Join("\n", weights.Plan.Weights.Select(weight => $"{weight.Name} [{string.Join(", ", weight.Shape)}]"));
        return new(
            Digest(Encoding.UTF8.GetBytes(names)),
            Digest([.. weights.Plan.Weights.SelectMany(weight => MemoryMarshal.AsBytes(weights[weight]).ToArray())]),
            Digest(MemoryMarshal.AsBytes(weights.All).ToArray()),
            Compute(network, ScalarType.Float64).Numbers);
    }

    /// <summary>The same network's numbers of any type, and the SHA-256 of all that they summarize.</summary>
    public static (double[] Numbers, string Digest) Compute(NetworkCase network, ScalarType type)
    {
        using var scope = NewDisposeScope();
        using var made = network.Create();
        made.Initialize(seed: 5);
        Unsettle(made);
        made.to(type);
        var drops = new SeededDropout(network.Options.Dropout, new RandomNumbers(RandomStream.Dropout, seed: 4), firstSample: 6);
        var x = tensor(Wave(2 * network.Channels * network.Height * network.Width, 0.7)).reshape(2, network.Channels, network.Height, network.Width).to(type);
        var timesteps = tensor([3f, 700.5f]);
        var labels = network.Classes > 0 ? tensor([1L, -1L]) : null;
        var augmentation =
            network.Augmentation > 0 ? tensor(Wave(2 * network.Augmentation, 0.2)).reshape(2, network.Augmentation).to(type) : null;
        KernelGradients.Forget();
        var y = made.Forward(x, timesteps, labels, drops, augmentation);
        y.backward([Probe(y, 0)]);
        KernelGradients.ThrowIfFailed();
        using var noGrad = no_grad();
        var middle = made.Bottleneck(x, timesteps[..1], labels);
        var still = made.Forward(x, timesteps[..1], labels);
        var gradients = cat([.. made.named_parameters().Select(weight => weight.parameter.grad!.flatten())]);
        Tensor[] all = [middle, y.detach(), still, gradients];
        return (
            [.. all.SelectMany((values, i) => new[] { values.norm().ToDouble(), (values * Probe(values, i + 1)).sum().ToDouble() })],
            Digest([.. all.SelectMany(Singles)]));
    }

    // What starts at zero or one would hide faults.
    private static void Unsettle(UNet network)
    {
        using var noGrad = no_grad();
        foreach (var (weight, index) in network.parameters().Select((weight, index) => (weight, index)))
        {
            weight.add_(tensor(Wave((int)weight.numel(), 1 + index)).reshape(weight.shape).to(weight.dtype) * 0.1);
        }
    }

    private static Tensor Probe(Tensor values, int index) => tensor(Wave((int)values.numel(), 0.3 + index)).reshape(values.shape).to(values.dtype);

    private static double[] Wave(int count, double phase) => [.. Enumerable.Range(0, count).Select(i => Math.Sin((0.37 * i) + phase))];

    private static byte[] Singles(Tensor values) =>
        MemoryMarshal.AsBytes(values.detach().to(ScalarType.Float32).contiguous().data<float>().ToArray().AsSpan()).ToArray();

    private static string Digest(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
