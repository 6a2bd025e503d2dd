using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Networks.Kernels;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Engines.Cpu;

/// <summary>AdamW (Loshchilov and Hutter 2019, algorithm 2) with clipped gradients, and a moving average of the weights, each in one pass over all numbers.</summary>
/// <param name="weights">The weights.</param>
/// <param name="gradients">The gradients of each part of a batch, to be added up.</param>
internal sealed unsafe class CpuOptimizer(NetworkWeights weights, NetworkWeights[] gradients)
{
    private const double Beta1 = 0.9;
    private const double Beta2 = 0.999;
    private const float Epsilon = 1e-8f;
    private const int Block = 1 << 16; // floats, whose squares are added up by themselves: the sum does not depend on the number of threads
    private const int Lanes = 16; // of which a buffer is a multiple

    private readonly NetworkWeights _firstMoments = new(weights.Plan);
    private readonly NetworkWeights _secondMoments = new(weights.Plan);
    private readonly NetworkWeights _average = weights.Copy();
    private readonly double[] _squares = new double[(weights.Length + Block - 1) / Block];

    /// <summary>The updates that were taken.</summary>
    public long Updates { get; set; }

    public NetworkWeights this[TrainingBuffer buffer] => buffer switch
    {
        TrainingBuffer.Weights => weights,
        TrainingBuffer.FirstMoments => _firstMoments,
        TrainingBuffer.SecondMoments => _secondMoments,
        _ => _average,
    };

    /// <summary>Takes a step, and sets the gradients to zero; if a number is not finite, nothing else changes.</summary>
    /// <returns>Whether the step was taken.</returns>
    public bool Update(UpdateSettings settings, bool isLossFinite)
    {
        ForBlocks(SumUp);
        var norm = Math.Sqrt(_squares.Sum());
        var isTaken = isLossFinite && double.IsFinite(norm);
        if (!isTaken)
        {
            Array.ForEach(gradients, buffer => buffer.All.Clear());
            return false;
        }

        Updates++;
        var step = new Step(
            (float)Math.Min(1, settings.MaximumGradientNorm / (norm + 1e-6)),
            (float)(settings.LearningRate / (1 - Math.Pow(Beta1, Updates))),
            (float)(1 / Math.Sqrt(1 - Math.Pow(Beta2, Updates))),
            (float)(1 - (settings.LearningRate * settings.WeightDecay)),
            (float)(1 - settings.EmaDecay));
        ForBlocks((begin, end) => Take(step, begin, end));
        return true;
    }

    private void ForBlocks(Action<int, int> work)
    {
        var parts = KernelThreads.PartsFor(_squares.Length);
        KernelThreads.Run(parts, part =>
        {
            for (var block = Workers.Begin(part, parts, _squares.Length); block < Workers.Begin(part + 1, parts, _squares.Length); block++)
            {
                work(block * Block, Math.Min((block + 1) * Block, weights.Length));
            }
        });
    }

    // Adds the gradients of all parts to those of the first, and their squares.
    private void SumUp(int begin, int end)
    {
        var sum = gradients[0].Begin + begin;
        foreach (var other in gradients.AsSpan(1))
        {
            Numbers.Add(other.Begin + begin, sum, end - begin);
        }

        _squares[begin / Block] = SumOfSquares(sum, end - begin);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double SumOfSquares(float* x, int count)
    {
        var total = Vector512<double>.Zero;
        for (var i = 0; i < count; i += Lanes)
        {
            var (lower, upper) = Vector512.Widen(Vector512.Load(x + i));
            total += (lower * lower) + (upper * upper);
        }

        return Vector512.Sum(total);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Take(Step step, int begin, int end)
    {
        float* w = weights.Begin, g = gradients[0].Begin, m = _firstMoments.Begin, v = _secondMoments.Begin, average = _average.Begin;
        Vector512<float> clip = Vector512.Create(step.Clip), size = Vector512.Create(step.Size), correction = Vector512.Create(step.Correction);
        Vector512<float> kept = Vector512.Create(step.Kept), share = Vector512.Create(step.Share), epsilon = Vector512.Create(Epsilon);
        Vector512<float> rate1 = Vector512.Create((float)(1 - Beta1)), rate2 = Vector512.Create((float)(1 - Beta2));
        for (var i = begin; i < end; i += Lanes)
        {
            var gradient = Vector512.Load(g + i) * clip;
            var (first, second, weight, mean) = (Vector512.Load(m + i), Vector512.Load(v + i), Vector512.Load(w + i), Vector512.Load(average + i));
            first += (gradient - first) * rate1;
            second += ((gradient * gradient) - second) * rate2;
            weight = (weight * kept) - (size * first / ((Vector512.Sqrt(second) * correction) + epsilon));
            first.Store(m + i);
            second.Store(v + i);
            weight.Store(w + i);
            (mean + ((weight - mean) * share)).Store(average + i);
        }

        foreach (var buffer in gradients)
        {
            buffer.All[begin..end].Clear();
        }
    }

    /// <param name="Clip">What gradients are multiplied by.</param>
    /// <param name="Size">The learning rate, corrected for the first moments' start at zero.</param>
    /// <param name="Correction">What the roots of the second moments are multiplied by for theirs.</param>
    /// <param name="Kept">What weights are multiplied by.</param>
    /// <param name="Share">The share of the weights in the new average.</param>
    private readonly record struct Step(float Clip, float Size, float Correction, float Kept, float Share);
}
