using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Engines.Torch;

/// <summary>
/// All weights of a network as views of one buffer, all gradients as views of another, so that clipping, AdamW and the moving
/// average are each a few operations whatever the number of layers. Nothing in them waits for the device.
/// </summary>
/// <remarks>
/// With a working type other than the weights' own, the network computes on a rounded copy of the weights, made anew after each update, so that
/// updates too small for the working type still add up.
/// </remarks>
internal sealed class FlatOptimizer : IDisposable
{
    private const double Beta1 = 0.9;
    private const double Epsilon = 1e-8;

    private readonly UNet _network;
    private readonly Tensor _values;
    private readonly Tensor _working;
    private readonly List<Tensor> _gradients = [];
    private readonly Tensor _firstMoments;
    private readonly Tensor _secondMoments;
    private readonly Tensor _average;
    private readonly Tensor _updates;

    /// <summary>Moves the network's weights into one buffer; the network goes on using them there.</summary>
    /// <param name="network">Its weights are those to train.</param>
    /// <param name="workingType">What the network computes in; null for the type of its weights.</param>
    public FlatOptimizer(UNet network, ScalarType? workingType = null)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        _network = network;
        var weights = network.parameters().ToList();
        _values = zeros(FlatBinding.Length(weights), weights[0].dtype, weights[0].device).DetachFromDisposeScope();
        FlatBinding.Move(network, _values);
        _working = workingType is { } type && type != _values.dtype ? _values.to(type).DetachFromDisposeScope() : _values;
        _firstMoments = zeros_like(_values).DetachFromDisposeScope();
        _secondMoments = zeros_like(_values).DetachFromDisposeScope();
        _average = _values.clone().DetachFromDisposeScope();
        _updates = tensor(0.0, ScalarType.Float64, _values.device).DetachFromDisposeScope();
        Share(network);
    }

    /// <summary>The numbers of a buffer.</summary>
    public long Count => _values.numel();

    /// <summary>The updates that were taken. To read them waits for the device.</summary>
    public long Updates
    {
        get => (long)_updates.Value();
        set
        {
            using var noGrad = no_grad();
            using var scope = NewDisposeScope();
            _updates.Fill(value);
        }
    }

    /// <summary>What the next update depends on, in place. Whoever writes to the weights calls <see cref="Refresh"/>.</summary>
    public Tensor this[TrainingBuffer buffer] => buffer switch
    {
        TrainingBuffer.Weights => _values,
        TrainingBuffer.FirstMoments => _firstMoments,
        TrainingBuffer.SecondMoments => _secondMoments,
        _ => _average,
    };

    /// <summary>Lets another network of the same shape use these weights, and gives it a buffer of gradients of its own, to be added to the others.</summary>
    public void Share(UNet network)
    {
        _gradients.Add(zeros_like(_working).DetachFromDisposeScope());
        FlatBinding.Bind(network, _working, _gradients[^1]);
    }

    /// <summary>Sets all gradients to zero, in place: their views stay bound.</summary>
    public void ZeroGradients()
    {
        foreach (var gradients in _gradients)
        {
            gradients.zero_();
        }
    }

    /// <summary>
    /// One step of AdamW (Loshchilov and Hutter 2019, algorithm 2) on the sum of the gradients, clipped to a norm, and of the moving average.
    /// If a gradient or the loss is not a finite number, nothing changes but the gradients.
    /// </summary>
    /// <param name="settings">Rates and limits of this step.</param>
    /// <param name="isLossFinite">Whether the loss that the gradients belong to is a finite number.</param>
    /// <param name="sum">The sum of the gradients, to be overwritten; null for those of all networks.</param>
    /// <returns>1 if the step was taken, 0 if not, a scalar on the device.</returns>
    public Tensor Update(UpdateSettings settings, bool isLossFinite, Tensor? sum = null)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var gradient = sum ?? _gradients[0].to(_values.dtype);
        foreach (var other in sum is null ? _gradients.Skip(1) : [])
        {
            gradient.Add(other);
        }

        var norm = gradient.norm();
        var taken = isLossFinite ? norm.isfinite() : zeros_like(norm, ScalarType.Bool);
        var mask = taken.to(_values.dtype);
        _updates.Add(mask);
        gradient.mul_(norm.Plus(1e-6).reciprocal().Times(settings.MaximumGradientNorm).AtMost(1)).Fill(taken.logical_not(), 0);

        // Where the mask is 0, the moments keep all of themselves and the step is infinitely small.
        _firstMoments.mul_(mask.Times(1 - Beta1).Complement()).Add(gradient, 1 - Beta1);
        _secondMoments.mul_(mask.Times(1 - settings.Beta2).Complement()).AddProduct(gradient, gradient, 1 - settings.Beta2);
        var stepSize = mask.Times(settings.LearningRate) / Correction(Beta1);
        var denominator = _secondMoments.sqrt().div_(Correction(settings.Beta2).sqrt()).Add(Epsilon);
        _values.mul_(mask.Times(settings.LearningRate * settings.WeightDecay).Complement());
        _values.AddQuotient(_firstMoments, denominator.div_(stepSize), -1);

        _average.lerp_(_values, mask.Times(1 - settings.EmaDecay));
        Refresh();
        return mask.MoveToOuterDisposeScope();
    }

    /// <summary>A copy of the sum of the gradients of all networks, in the type of the weights.</summary>
    public Tensor Gradients()
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var sum = zeros_like(_values);
        _gradients.ForEach(gradients => sum.Add(gradients));
        return sum.MoveToOuterDisposeScope();
    }

    /// <summary>Brings the copy that the network computes on up to date with the weights.</summary>
    public void Refresh()
    {
        if (!ReferenceEquals(_working, _values))
        {
            using var noGrad = no_grad();
            _working.copy_(_values);
        }
    }

    /// <summary>Makes the average the network's weights, at the end of training.</summary>
    public void UseAverage()
    {
        using var noGrad = no_grad();
        _values.copy_(_average);
        Refresh();
    }

    /// <summary>Leaves the network with its weights, which are those of the last update or the average.</summary>
    public void Dispose()
    {
        FlatBinding.Bind(_network, _values, gradients: null); // its own views keep the buffer alive
        foreach (var tensor in (Tensor[])[_values, _working, _firstMoments, _secondMoments, _average, _updates, .. _gradients])
        {
            tensor.Dispose();
        }
    }

    // 1 - beta^n after n updates.
    private Tensor Correction(double beta) => _updates.AtLeast(1).Times(Math.Log(beta)).exp().Complement().to(_values.dtype);
}
