using Microsoft.ML.Diffusion.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion;

/// <summary>
/// All weights of a network as views of one buffer, all gradients as views of another, so that clipping, AdamW and the moving
/// average are each a few operations whatever the number of layers.
/// </summary>
internal sealed class FlatParameters : IDisposable
{
    private const double Beta1 = 0.9;
    private const double Beta2 = 0.999;
    private const double Epsilon = 1e-8;

    private readonly Tensor _values;
    private readonly Tensor _gradients;
    private readonly Tensor _firstMoments;
    private readonly Tensor _secondMoments;
    private readonly Tensor _average;

    /// <summary>Moves the network's weights into one buffer; the network goes on using them there.</summary>
    public FlatParameters(UNet network)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var parameters = network.parameters().ToList();
        _values = zeros(parameters.Sum(parameter => parameter.numel()), parameters[0].dtype, parameters[0].device).DetachFromDisposeScope();
        _gradients = zeros_like(_values).DetachFromDisposeScope();
        _firstMoments = zeros_like(_values).DetachFromDisposeScope();
        _secondMoments = zeros_like(_values).DetachFromDisposeScope();

        var offset = 0L;
        Parameter Place(Parameter weight)
        {
            var (start, length, shape) = (offset, weight.numel(), weight.shape);
            offset += length;
            var view = _values.narrow(0, start, length).view(shape);
            view.copy_(weight);
            return new Parameter(view) { grad = _gradients.narrow(0, start, length).view(shape) };
        }

        foreach (var module in network.modules())
        {
            Bind(module, Place);
        }

        _average = _values.clone().DetachFromDisposeScope();
        if (offset != Count)
        {
            throw new NotSupportedException($"{Count - offset} weights belong to layers that {nameof(FlatParameters)} does not know.");
        }
    }

    /// <summary>The number of weights.</summary>
    public long Count => _values.numel();

    /// <summary>The number of updates so far, by which AdamW corrects its moments.</summary>
    public int Updates { get; set; }

    /// <summary>All that the next update depends on besides <see cref="Updates"/>, to be written to a checkpoint and copied back from it in place.</summary>
    public IReadOnlyList<(string Name, Tensor Value)> State =>
        [("weights", _values), ("first_moments", _firstMoments), ("second_moments", _secondMoments), ("average", _average)];

    /// <summary>Sets all gradients to zero, in place: their views stay bound.</summary>
    public void ZeroGradients() => _gradients.zero_();

    /// <summary>The norm of all gradients together.</summary>
    public double GradientNorm()
    {
        using var norm = _gradients.norm();
        return norm.ToDouble();
    }

    /// <summary>One step of AdamW (Loshchilov and Hutter 2019, algorithm 2) on gradients scaled by <paramref name="gradientScale"/>.</summary>
    public void Update(double learningRate, double weightDecay, double gradientScale)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        Updates++;
        _gradients.mul_(gradientScale);
        _firstMoments.mul_(Beta1).add_(_gradients, alpha: 1 - Beta1);
        _secondMoments.mul_(Beta2).addcmul_(_gradients, _gradients, 1 - Beta2);

        var denominator = _secondMoments.sqrt().div_(Math.Sqrt(1 - Math.Pow(Beta2, Updates))).add_(Epsilon);
        _values.mul_(1 - (learningRate * weightDecay));
        _values.addcdiv_(_firstMoments, denominator, -learningRate / (1 - Math.Pow(Beta1, Updates)));
    }

    /// <summary>Moves the average towards the weights: average = decay average + (1 - decay) weights.</summary>
    public void UpdateAverage(double decay)
    {
        using var noGrad = no_grad();
        _average.mul_(decay).add_(_values, alpha: 1 - decay);
    }

    /// <summary>Makes the average the network's weights, at the end of training.</summary>
    public void UseAverage()
    {
        using var noGrad = no_grad();
        _values.copy_(_average);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _values.Dispose(); // the network's own views keep the buffer alive
        _gradients.Dispose();
        _firstMoments.Dispose();
        _secondMoments.Dispose();
        _average.Dispose();
    }

    private static void Bind(nn.Module module, Func<Parameter, Parameter> place)
    {
        switch (module)
        {
            case Conv2d convolution:
                convolution.weight = place(convolution.weight);
                convolution.bias = place(convolution.bias!);
                break;
            case Linear linear:
                linear.weight = place(linear.weight);
                linear.bias = place(linear.bias!);
                break;
            case GroupNorm normalization:
                normalization.weight = place(normalization.weight);
                normalization.bias = place(normalization.bias!);
                break;
            case ClassEmbedding embedding:
                embedding.Weight = place(embedding.Weight);
                break;
        }
    }
}
