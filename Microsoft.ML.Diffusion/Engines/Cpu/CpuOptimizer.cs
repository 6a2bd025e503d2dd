using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Networks.Kernels;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Engines.Cpu;

/// <summary>AdamW (Loshchilov and Hutter 2019, algorithm 2) with clipped gradients, and a moving average of the weights, all in one pass over the numbers.</summary>
/// <remarks>The squares of gradients are added up block by block: their sum does not depend on the number of threads. A step allocates nothing.</remarks>
internal sealed unsafe class CpuOptimizer
{
    private const double Beta1 = 0.9;
    private const float Epsilon = 1e-8f;
    private const int Block = 1 << 16; // floats
    private const int Lanes = 16; // of which a buffer is a multiple

    private readonly NetworkWeights _weights;
    private readonly NetworkWeights[] _gradients;
    private readonly NetworkWeights _firstMoments;
    private readonly NetworkWeights _secondMoments;
    private readonly NetworkWeights _average;
    private readonly double[] _squares;
    private readonly (int To, int From)[] _pairs;
    private readonly int _parts;
    private readonly Action<int> _sumUp;
    private readonly Action<int> _take;
    private Rates _rates;
    private bool _isSummed;

    /// <param name="weights">The weights.</param>
    /// <param name="gradients">The gradients of each part of a batch, to be added up.</param>
    public CpuOptimizer(NetworkWeights weights, NetworkWeights[] gradients)
    {
        (_weights, _gradients) = (weights, gradients);
        (_firstMoments, _secondMoments, _average) = (new(weights.Plan), new(weights.Plan), weights.Copy());
        _squares = new double[(weights.Length + Block - 1) / Block];
        _pairs = [.. TreeSum.Pairs(gradients.Length)];
        _parts = KernelThreads.PartsFor(_squares.Length, 10.0 * weights.Length);
        BlockWork sumUp = SumUp, take = Take;
        _sumUp = part => ForBlocks(part, sumUp);
        _take = part => ForBlocks(part, take);
    }

    private delegate void BlockWork(int block, int begin, int end);

    /// <summary>The updates that were taken.</summary>
    public long Updates { get; set; }

    public NetworkWeights this[TrainingBuffer buffer] => buffer switch
    {
        TrainingBuffer.Weights => _weights,
        TrainingBuffer.FirstMoments => _firstMoments,
        TrainingBuffer.SecondMoments => _secondMoments,
        _ => _average,
    };

    /// <summary>Takes a step, and sets the gradients to zero; if a number is not finite, nothing else changes.</summary>
    /// <param name="settings">Rates and limits of this step.</param>
    /// <param name="isLossFinite">Whether the loss is a finite number.</param>
    /// <param name="isSummed">Whether the first part's gradients are the sum of all already.</param>
    /// <returns>Whether the step was taken.</returns>
    public bool Update(UpdateSettings settings, bool isLossFinite, bool isSummed = false)
    {
        _isSummed = isSummed;
        KernelThreads.Run(_parts, _sumUp);
        var norm = 0.0;
        foreach (var squares in _squares)
        {
            norm += squares;
        }

        norm = Math.Sqrt(norm);
        if (!isLossFinite || !double.IsFinite(norm))
        {
            Array.ForEach(_gradients, buffer => buffer.All.Clear());
            return false;
        }

        Updates++;
        _rates = new Rates(
            (float)Math.Min(1, settings.MaximumGradientNorm / (norm + 1e-6)),
            (float)(settings.LearningRate / (1 - Math.Pow(Beta1, Updates))),
            (float)(1 / Math.Sqrt(1 - Math.Pow(settings.Beta2, Updates))),
            (float)(1 - settings.Beta2),
            (float)(1 - (settings.LearningRate * settings.WeightDecay)),
            (float)(1 - settings.EmaDecay));
        KernelThreads.Run(_parts, _take);
        return true;
    }

    private void ForBlocks(int part, BlockWork work)
    {
        for (var block = Workers.Begin(part, _parts, _squares.Length); block < Workers.Begin(part + 1, _parts, _squares.Length); block++)
        {
            work(block, block * Block, Math.Min((block + 1) * Block, _weights.Length));
        }
    }

    /// <summary>Adds the gradients of all parts, from one number to another, to those of the first.</summary>
    public void SumParts(int begin, int end)
    {
        foreach (var (to, from) in _pairs)
        {
            Numbers.Add(_gradients[from].Begin + begin, _gradients[to].Begin + begin, end - begin);
        }
    }

    // And adds up their squares.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void SumUp(int block, int begin, int end)
    {
        if (!_isSummed)
        {
            SumParts(begin, end);
        }

        var sum = _gradients[0].Begin;
        var total = Vector512<double>.Zero;
        for (var i = begin; i < end; i += Lanes)
        {
            var (lower, upper) = Vector512.Widen(Vector512.Load(sum + i));
            total += (lower * lower) + (upper * upper);
        }

        _squares[block] = Vector512.Sum(total);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Take(int block, int begin, int end)
    {
        float* w = _weights.Begin, g = _gradients[0].Begin, m = _firstMoments.Begin, v = _secondMoments.Begin, average = _average.Begin;
        Vector512<float> clip = Vector512.Create(_rates.Clip), size = Vector512.Create(_rates.Size);
        Vector512<float> correction = Vector512.Create(_rates.Correction), epsilon = Vector512.Create(Epsilon);
        Vector512<float> kept = Vector512.Create(_rates.Kept), share = Vector512.Create(_rates.Share);
        Vector512<float> rate1 = Vector512.Create((float)(1 - Beta1)), rate2 = Vector512.Create(_rates.Renewed);
        for (var i = begin; i < end; i += Lanes)
        {
            var gradient = Vector512.Load(g + i) * clip;
            Vector512<float> first = Vector512.Load(m + i), second = Vector512.Load(v + i);
            Vector512<float> weight = Vector512.Load(w + i), mean = Vector512.Load(average + i);
            first += (gradient - first) * rate1;
            second += ((gradient * gradient) - second) * rate2;
            weight = (weight * kept) - (size * first / ((Vector512.Sqrt(second) * correction) + epsilon));
            first.Store(m + i);
            second.Store(v + i);
            weight.Store(w + i);
            (mean + ((weight - mean) * share)).Store(average + i);
        }

        foreach (var buffer in _gradients)
        {
            buffer.All[begin..end].Clear();
        }
    }

    /// <param name="Clip">What gradients are multiplied by.</param>
    /// <param name="Size">The learning rate, corrected for the first moments' start at zero.</param>
    /// <param name="Correction">What the roots of the second moments are multiplied by for theirs.</param>
    /// <param name="Renewed">The share of squared gradients in their new mean.</param>
    /// <param name="Kept">What weights are multiplied by.</param>
    /// <param name="Share">The share of the weights in the new average.</param>
    private readonly record struct Rates(float Clip, float Size, float Correction, float Renewed, float Kept, float Share);
}
