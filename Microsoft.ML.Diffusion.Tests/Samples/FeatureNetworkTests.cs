using Experiments.Features;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Samples;

/// <summary>The classifier of samples/Experiments beside the same of libtorch, whose convolutions are products of unfolded patches.</summary>
[TestClass]
public sealed class FeatureNetworkTests
{
    private const int Seed = 3;

    private static readonly (int Inputs, int Outputs)[] _shapes = [(9, 16), (144, 32), (32 * 7 * 7, 32), (32, 10)];

    [TestMethod]
    public void Weights_OfASeed_AreThoseThatPyTorchStartsFrom()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(Seed);
        var weights = new FeatureLayers(Seed).Weights;

        foreach (var (i, (inputs, outputs)) in _shapes.Index())
        {
            // As torch.nn.Linear draws them.
            var bound = 1 / Math.Sqrt(inputs);
            var weight = empty([outputs, inputs]).uniform_(-bound, bound, generator).t();
            var bias = empty([1, outputs]).uniform_(-bound, bound, generator);
            float[] expected = [.. cat([weight, bias]).data<float>()];

            AssertClose(expected, weights[i], 1e-6, $"layer {i}");
        }
    }

    [TestMethod]
    public void FeaturesAndGradients_OfThePictures_AreThoseOfLibTorch()
    {
        using var scope = NewDisposeScope();
        var layers = new FeatureLayers(Seed);
        var random = new Random(Seed);
        (float[] Pixels, long Label)[] batch =
            [.. Enumerable.Range(0, 23).Select(i => (Enumerable.Range(0, 784).Select(_ => random.NextSingle()).ToArray(), (long)i % 10))];
        Tensor[] weights =
            [.. layers.Weights.Select((values, i) => tensor(values, [_shapes[i].Inputs + 1, _shapes[i].Outputs]).requires_grad_())];

        var (features, classes) = Forward(tensor(batch.SelectMany(row => row.Pixels).ToArray(), [23, 1, 28, 28]), weights);
        nn.functional.cross_entropy(classes, tensor(Array.ConvertAll(batch, row => row.Label))).backward();

        AssertClose([.. features.data<float>()], [.. batch.SelectMany(row => layers.Forward(row.Pixels).Features)], 1e-5, "features");
        var gradients = FeatureNetwork.Gradients(layers, batch);
        foreach (var (i, weight) in weights.Index())
        {
            AssertClose([.. weight.grad!.contiguous().data<float>()], gradients[i], 1e-5, $"gradient of layer {i}");
        }
    }

    [TestMethod]
    public void Step_OfAdam_IsThatOfPyTorch()
    {
        using var scope = NewDisposeScope();
        float[] start = [1, -2, 0.5f, 0];
        var mine = (float[])start.Clone();
        var weight = nn.Parameter(tensor(start));
        using var theirs = optim.Adam([weight], lr: 2e-3);
        var optimizer = new Adam([mine], learningRate: 2e-3);

        for (var step = 1; step <= 5; step++)
        {
            float[] gradient = [step, -0.1f, 1e-5f, 0];
            weight.grad = tensor(gradient);
            theirs.step();
            optimizer.Step([gradient]);
        }

        AssertClose([.. weight.data<float>()], mine, 1e-6, "weights");
    }

    [TestMethod]
    public void Train_PicturesThatDiffer_TellsThemApartAndRepeats()
    {
        var random = new Random(Seed);
        float[] Picture(int stripe) => [.. Enumerable.Range(0, 784).Select(j => (j / 28 / 3 == stripe ? 1 : 0.5f) * random.NextSingle())];
        (float[] Pixels, long Label)[] rows = [.. Enumerable.Range(0, 300).Select(i => (Picture(i % 10), (long)i % 10))];

        Assert.IsGreaterThan(0.9, FeatureNetwork.Train(rows, epochs: 12, Seed).Accuracy(rows));
        var (first, second) = (FeatureNetwork.Train(rows[..150], epochs: 1, Seed), FeatureNetwork.Train(rows[..150], epochs: 1, Seed));
        var pictures = Array.ConvertAll(rows, row => row.Pixels)[..20];
        Assert.AreSequenceEqual(first.Features(pictures), second.Features(pictures));
        Assert.AreSequenceEqual(first.Features(pictures[1]), first.Features(pictures)[32..64]);
    }

    private static (Tensor Features, Tensor Classes) Forward(Tensor x, Tensor[] weights)
    {
        x = Convolution(Convolution(x, weights[0]), weights[1]);
        var features = Layer(x.flatten(1), weights[2]).relu();
        return (features, Layer(features, weights[3]));

        static Tensor Layer(Tensor x, Tensor weight) => x.matmul(weight[..^1]) + weight[^1];

        static Tensor Convolution(Tensor x, Tensor weight)
        {
            var patches = nn.functional.unfold(x, 3, padding: 1, stride: 2).transpose(1, 2);
            return Layer(patches, weight).relu().transpose(1, 2).reshape(x.shape[0], -1, x.shape[2] / 2, x.shape[3] / 2);
        }
    }

    private static void AssertClose(float[] expected, float[] actual, double tolerance, string what)
    {
        Assert.HasCount(expected.Length, actual, what);
        var largest = expected.Max(Math.Abs);
        Assert.IsGreaterThan(0, largest, what);
        Assert.IsLessThan(tolerance, expected.Zip(actual, (a, b) => Math.Abs(a - b)).Max() / largest, what);
    }
}
