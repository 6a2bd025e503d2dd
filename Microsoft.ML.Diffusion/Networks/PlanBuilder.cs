using Microsoft.ML.Diffusion.Networks.Kernels;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Networks;

/// <summary>Writes a plan down node by node, each with the shape that follows from what it reads.</summary>
/// <param name="options">The network's.</param>
internal sealed class PlanBuilder(UNetOptions options)
{
    private readonly List<PlanNode> _nodes = [];
    private readonly List<string> _containers = [];
    private int _dropouts;

    public UNetOptions Options => options;

    /// <summary>The nodes so far.</summary>
    public IReadOnlyList<PlanNode> Nodes => _nodes;

    /// <summary>The names of the containers that may hold no layers, so far.</summary>
    public IReadOnlyList<string> Containers => _containers;

    /// <summary>Notes a container of layers that may hold none: it counts where layers are numbered.</summary>
    public void Contain(string name) => _containers.Add(name);

    /// <summary>The shape of a value.</summary>
    public ValueShape ShapeOf(int value) => _nodes[value].Shape;

    /// <summary>Adds a node.</summary>
    /// <returns>The number of its value.</returns>
    public int Add(PlanNode node)
    {
        _nodes.Add(node);
        return _nodes.Count - 1;
    }

    /// <summary>Filters of 3x3 that leave the size of an image.</summary>
    public int Convolution(string layer, int x, int outChannels, int? features = null, bool startsAtZero = false) =>
        Convolution(layer, x, outChannels, 3, ConvolutionSettings.Same, features, startsAtZero);

    /// <summary>Filters of one pixel.</summary>
    public int Pointwise(string layer, int x, int outChannels) =>
        Convolution(layer, x, outChannels, 1, ConvolutionSettings.Plain, features: null, startsAtZero: false);

    /// <summary>Filters of 3x3 that change the size of an image and leave its channels.</summary>
    public int Resampling(string layer, int x, ConvolutionSettings settings) =>
        Convolution(layer, x, ShapeOf(x).Channels, 3, settings, features: null, startsAtZero: false);

    public int Normalization(string layer, int x, bool activates) =>
        Normalization(layer, x, options.NumberOfNormalizationGroups, activates);

    public int Normalization(string layer, int x, int groups, bool activates)
    {
        var factors = LayerWeights.Normalization(layer, ShapeOf(x).Channels);
        return Add(new GroupNormNode(ShapeOf(x), x, factors, groups, options.Details.NormalizationEpsilon, activates));
    }

    public int Linear(string layer, int x, int outChannels, bool startsAtZero = false)
    {
        var weights = LayerWeights.Matrix(layer, outChannels, ShapeOf(x).Channels, startsAtZero);
        return Add(new LinearNode(ShapeOf(x) with { Channels = outChannels }, x, weights));
    }

    /// <summary>A vector for each of some classes, added to another.</summary>
    public int ClassEmbedding(string layer, int x, int classes)
    {
        var shape = EquatableList.Of<int>([classes, ShapeOf(x).Channels]);
        return Add(new ClassEmbeddingNode(ShapeOf(x), x, new($"{layer}.weight", shape, WeightKind.Embedding, StartsAtZero: false)));
    }

    /// <summary>A vector for each number that says how an image was augmented, added to another. Zero at the start of training.</summary>
    public int AugmentationEmbedding(string layer, int x, int length)
    {
        var shape = EquatableList.Of<int>([length, ShapeOf(x).Channels]);
        return Add(new AugmentationEmbeddingNode(ShapeOf(x), x, new($"{layer}.weight", shape, WeightKind.Embedding, StartsAtZero: true)));
    }

    public int Silu(int x) => Add(new SiluNode(ShapeOf(x), x));

    /// <summary>The next place where features are dropped.</summary>
    public int Dropout(int x) => Add(new DropoutNode(ShapeOf(x), x, _dropouts++));

    public int Sum(int x, int other, double divisor) => Add(new AddNode(ShapeOf(x), x, other, divisor));

    public int Channels(int x, int other) =>
        Add(new ConcatenateNode(ShapeOf(x) with { Channels = ShapeOf(x).Channels + ShapeOf(other).Channels }, x, other));

    public int AveragePool(int x) => Add(new AveragePoolNode(Halved(ShapeOf(x)), x));

    public int RepeatPixels(int x) => Add(new RepeatPixelsNode(Doubled(ShapeOf(x)), x));

    private static ValueShape Halved(ValueShape shape) => shape with { Height = shape.Height / 2, Width = shape.Width / 2 };

    private static ValueShape Doubled(ValueShape shape) => shape with { Height = 2 * shape.Height, Width = 2 * shape.Width };

    private int Convolution(
        string layer,
        int x,
        int outChannels,
        int side,
        ConvolutionSettings settings,
        int? features,
        bool startsAtZero)
    {
        var from = ShapeOf(x);
        var sizes = new ConvolutionShape(1, from.Height, from.Width, from.Channels, outChannels, side, settings);
        var shape = new ValueShape(ValueKind.Image, outChannels, sizes.OutHeight, sizes.OutWidth);
        return Add(
            new ConvolutionNode(
                shape, x, features, LayerWeights.Filters(layer, outChannels, from.Channels, side, startsAtZero), settings));
    }
}
