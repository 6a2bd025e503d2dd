using System.Globalization;

namespace Microsoft.ML.Diffusion.Networks;

/// <summary>
/// A network as data: its operations in an order in which each follows those that it reads, and its weights. What computes a network, counts its
/// weights, initializes or names them reads it here.
/// </summary>
internal sealed class UNetPlan
{
    private readonly Dictionary<string, int> _layerNumbers;

    /// <param name="options">The shape, validated.</param>
    /// <param name="inChannels">Channels of the images.</param>
    /// <param name="outChannels">Channels of the prediction.</param>
    /// <param name="height">Height of the images in pixels; with the width it decides which levels attend.</param>
    /// <param name="width">Width of the images in pixels.</param>
    /// <param name="numberOfClasses">Number of classes of a conditional network; 0 for none.</param>
    /// <param name="augmentationLength">Numbers that say how an image was augmented, of a network in training; 0 for none.</param>
    public UNetPlan(
        UNetOptions options,
        int inChannels,
        int outChannels,
        int height,
        int width,
        int numberOfClasses = 0,
        int augmentationLength = 0)
    {
        var builder = new PlanBuilder(options);
        Options = options;
        Bottleneck = NetworkWriter.Write(builder, inChannels, outChannels, height, width, numberOfClasses, augmentationLength);
        Nodes = [.. builder.Nodes];
        Weights = WeightOrder.OfFiles.Sort(Nodes.SelectMany(node => node.Weights));
        BufferedWeights = WeightOrder.OfBuffers.Sort(Weights);
        Lifetimes = new PlanLifetimes(Nodes);
        Trained = augmentationLength == 0 ? this : new UNetPlan(options, inChannels, outChannels, height, width, numberOfClasses);
        _layerNumbers =
            Weights.Select(weight => weight.Layer)
                .Concat(builder.Containers)
                .SelectMany(WithContainers)
                .Distinct()
                .Order(StringComparer.Ordinal)
                .Index()
                .ToDictionary(layer => layer.Item, layer => layer.Index);
    }

    public UNetOptions Options { get; }

    /// <summary>The operations. A node's value has the node's number; the last is the prediction.</summary>
    public IReadOnlyList<PlanNode> Nodes { get; }

    /// <summary>The weights, in the order of model files.</summary>
    public IReadOnlyList<PlanWeight> Weights { get; }

    /// <summary>The weights, in the order of an optimizer's buffers.</summary>
    public IReadOnlyList<PlanWeight> BufferedWeights { get; }

    /// <summary>The number of the value that the lowest resolution sees: the features behind the middle blocks.</summary>
    public int Bottleneck { get; }

    /// <summary>The plan of the model when it is trained: this one, without what only training needs.</summary>
    public UNetPlan Trained { get; }

    /// <summary>How long values are needed.</summary>
    public PlanLifetimes Lifetimes { get; }

    /// <summary>The number of all weights' numbers.</summary>
    public long NumberOfParameters => Weights.Sum(weight => weight.Count);

    /// <summary>
    /// The number of a weight's layer among the names of all layers and their containers in ordinal order, by which its first values are drawn.
    /// </summary>
    public int LayerNumber(PlanWeight weight) => _layerNumbers[weight.Layer];

    /// <summary>The nodes, one a line.</summary>
    public override string ToString() =>
        string.Join('\n', Nodes.Select((node, i) => string.Create(CultureInfo.InvariantCulture, $"{i} {node}")));

    // a.b.c, a.b and a.
    private static IEnumerable<string> WithContainers(string name)
    {
        for (var end = name.Length; end > 0; end = name.LastIndexOf('.', end - 1))
        {
            yield return name[..end];
        }
    }
}
