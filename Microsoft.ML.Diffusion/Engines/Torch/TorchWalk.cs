using Microsoft.ML.Diffusion.Networks;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Engines.Torch;

/// <summary>One walk through a plan, which frees values that nothing reads any more behind the sum that ends each block.</summary>
/// <remarks>
/// Together, so that the next block takes the memory over: one by one, the system takes back what lies on top and gives it anew, at a cost of twice
/// as many page faults where images are large.
/// </remarks>
/// <param name="network">The plan and its weights.</param>
/// <param name="x">The noisy images.</param>
/// <param name="timesteps">[N], or [1] if all are at the same.</param>
/// <param name="labels">[N], or null.</param>
/// <param name="drops">What drops features; null drops none.</param>
/// <param name="augmentation">What was done to each image, [N, K]; null for nothing.</param>
internal sealed class TorchWalk(
    UNet network,
    Tensor x,
    Tensor timesteps,
    Tensor? labels,
    SeededDropout? drops = null,
    Tensor? augmentation = null)
{
    private readonly Tensor _weight = network.parameters().First(); // for its type, a field of which would load TorchSharp with the class
    private readonly Tensor?[] _values = new Tensor?[network.Plan.Nodes.Count];
    private readonly List<Tensor> _ended = [];
    private int _next;

    /// <summary>Walks on to a value, in the caller's dispose scope: that of the walk, which frees the value if it is told to walk further.</summary>
    public Tensor To(int value)
    {
        for (; _next <= value; _next++)
        {
            _values[_next] = Step(_next);
        }

        return _values[value]!;
    }

    private Tensor Step(int index)
    {
        using var scope = NewDisposeScope();
        var node = network.Plan.Nodes[index];
        var y = Value(node);
        var isNew = true; // it may be one of the values that it was made of, changed or not
        foreach (var ended in network.Plan.Lifetimes.EndingAt(index))
        {
            if (ReferenceEquals(_values[ended], y))
            {
                isNew = false;
            }
            else
            {
                _ended.Add(_values[ended]!);
            }

            _values[ended] = null;
        }

        if (node is AddNode)
        {
            _ended.ForEach(value => value.Dispose());
            _ended.Clear();
        }

        return isNew ? y.MoveToOuterDisposeScope() : y;
    }

    private Tensor Value(PlanNode node) => node switch
    {
        ImagesNode => Images(),
        SinusoidsNode sinusoids =>
            TorchOperations.Sinusoids(timesteps, sinusoids.Shape.Channels, sinusoids.CosinesFirst, sinusoids.FrequencyShift)
                .to(_weight.dtype),
        ConvolutionNode convolution => Layers.Convolve(
            Of(convolution.Input),
            Of(convolution.Filters.Weight),
            Of(convolution.Filters.Bias),
            convolution.Settings,
            convolution.Features is { } features ? Of(features) : null),
        GroupNormNode norm => Layers.Normalize(
            Of(norm.Input),
            Of(norm.Factors.Weight),
            Of(norm.Factors.Bias),
            new GroupNormalizationFunction.Settings(norm.Groups, norm.Epsilon, norm.Activates)),
        LinearNode linear => nn.functional.linear(Of(linear.Input), Of(linear.Matrix.Weight), Of(linear.Matrix.Bias)),
        ClassEmbeddingNode embedding => labels is null
            ? Of(embedding.Input)
            : Of(embedding.Input).Plus(TorchOperations.VectorsOf(labels, Of(embedding.Vectors))),
        AugmentationEmbeddingNode embedding => augmentation is null
            ? Of(embedding.Input)
            : Of(embedding.Input).Plus(augmentation.to(_weight.dtype).matmul(Of(embedding.Vectors))),
        DropoutNode dropout => drops is null ? Of(dropout.Input) : drops.Apply(Of(dropout.Input), dropout.Place),
        SiluNode silu => Layers.Silu(Of(silu.Input)),
        AddNode sum => Sum(sum),
        AttentionNode attention => TorchOperations.Attend(Of(attention.Queries), Of(attention.Keys), Of(attention.Values), attention.Heads),
        ScaleAndShiftNode scaled => TorchOperations.ScaleAndShift(Of(scaled.Input), Of(scaled.Features)),
        ConcatenateNode channels => cat([Of(channels.Input), Of(channels.Other)], 1),
        PlanStep step => TorchOperations.Rearrange(step, Of(step.Input)),
        _ => throw new NotSupportedException($"{node} is not computed by TorchSharp."),
    };

    // Never the caller's own tensor, which a walk must not free.
    private Tensor Images()
    {
        var images = x.to(_weight.dtype);
        return ReferenceEquals(images, x) ? x.alias() : images;
    }

    // What nothing else reads is an output that its layer does not need for its gradient.
    private Tensor Sum(AddNode node)
    {
        var (left, right) = (Of(node.Input), Of(node.Other));
        var sum = network.Plan.Lifetimes.IsReadOnce(node.Input) ? left.Add(right) : left.Plus(right);
        return node.Divisor == 1 ? sum : sum.Over(node.Divisor);
    }

    private Tensor Of(int value) => _values[value]!;

    private Parameter Of(PlanWeight weight) => network[weight.Name];
}
