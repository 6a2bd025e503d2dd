using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Engines;

/// <summary>The gradient of the loss with respect to the network's output for one image; called for each image once, on any thread.</summary>
/// <param name="image">Its number in the batch.</param>
/// <param name="output">What the network says of it, [C_out][H][W].</param>
/// <param name="gradient">The gradient, [C_out][H][W], to be written.</param>
internal delegate void OutputGradient(int image, ReadOnlySpan<float> output, Span<float> gradient);

/// <summary>What an optimizer knows, a buffer of as many numbers as the weights' (<see cref="NetworkWeights"/>) each.</summary>
internal enum TrainingBuffer
{
    /// <summary>The weights.</summary>
    Weights,

    /// <summary>The moving average of the gradients.</summary>
    FirstMoments,

    /// <summary>The moving average of their squares.</summary>
    SecondMoments,

    /// <summary>The moving average of the weights.</summary>
    Average,
}

/// <summary>Whose features are dropped: what is drawn belongs to the image.</summary>
/// <param name="Numbers">The run's.</param>
/// <param name="FirstSample">The sample of the batch's first image; those of the others follow it.</param>
internal readonly record struct DropoutDraws(RandomNumbers Numbers, long FirstSample);

/// <summary>Which images of a step gradients are added of.</summary>
/// <param name="Images">Their number in all processes: each has those of its parts.</param>
/// <param name="IsLast">Whether no more follow before the update.</param>
internal readonly record struct MicroBatch(int Images, bool IsLast);

/// <summary>A network that is being trained: gradients, AdamW (Loshchilov and Hutter 2019, algorithm 2), and the moving average of the weights.</summary>
internal abstract class NetworkTraining : IDisposable
{
    /// <summary>The updates that were taken.</summary>
    public abstract long Updates { get; set; }

    /// <summary>The parts that a batch is cut into, whose gradients are added up at the end of a step.</summary>
    public abstract int Parts { get; }

    /// <summary>Begins to train in the processes of a group, which then all call the same members in the same order, the gradients of each a share of the whole.</summary>
    /// <param name="share">The processes, and which parts are this one's.</param>
    public abstract void Join(GroupShare share);

    /// <summary>Adds the gradients of a batch to those since the last update, which need not be all of its images.</summary>
    /// <param name="input">What the network is called with.</param>
    /// <param name="dropout">What is dropped.</param>
    /// <param name="loss">The loss.</param>
    /// <param name="place">Of a group: what the images are a share of.</param>
    public abstract void AddGradients(NetworkInput input, DropoutDraws dropout, OutputGradient loss, MicroBatch place = default);

    /// <summary>Of a group: waits until the gradients are the sum of all processes'.</summary>
    public abstract void SumOverGroup();

    /// <summary>Takes a step along the gradients, and sets them to zero. If a gradient is not a finite number, nothing else changes.</summary>
    /// <param name="settings">Rates and limits of this step.</param>
    /// <param name="isLossFinite">Whether the loss is a finite number; otherwise the step has no effect either.</param>
    /// <returns>Whether the step was taken.</returns>
    public abstract bool Update(UpdateSettings settings, bool isLossFinite);

    /// <summary>Copies a buffer to the caller, of <see cref="NetworkWeights.Length"/> numbers.</summary>
    public abstract void Read(TrainingBuffer buffer, Span<float> values);

    /// <summary>Copies a buffer from the caller.</summary>
    public abstract void Write(TrainingBuffer buffer, ReadOnlySpan<float> values);

    /// <summary>Lends the network its averaged weights, until the result is disposed; then it has its own back, bit by bit.</summary>
    public abstract IDisposable LendAverage();

    /// <summary>Makes the average the network's weights, at the end of training.</summary>
    public abstract void UseAverage();

    /// <inheritdoc/>
    public abstract void Dispose();
}

/// <summary>Rates and limits of one update.</summary>
/// <param name="LearningRate">The learning rate of AdamW.</param>
/// <param name="WeightDecay">The weight decay of AdamW, per unit of learning rate.</param>
/// <param name="MaximumGradientNorm">The norm to which the gradient is clipped.</param>
/// <param name="EmaDecay">How much of the average stays.</param>
/// <param name="Beta2">How much of the mean of squared gradients stays.</param>
internal readonly record struct UpdateSettings(
    double LearningRate,
    double WeightDecay,
    double MaximumGradientNorm,
    double EmaDecay,
    double Beta2 = 0.999);
