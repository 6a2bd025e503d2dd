namespace Microsoft.ML.Diffusion.Training;

/// <summary>The last losses at each timestep, and the probabilities that they suggest (Nichol and Dhariwal 2021, section 3.3).</summary>
internal sealed class LossHistory(int trainingTimesteps)
{
    /// <summary>How many losses of a timestep are remembered.</summary>
    public const int Length = 10;

    /// <summary>The share of draws that stay uniform, so that no timestep is forgotten.</summary>
    public const double UniformShare = 0.001;

    private readonly double[] _squares = new double[trainingTimesteps * Length];
    private readonly int[] _counts = new int[trainingTimesteps];
    private int _complete;

    /// <summary>The squares of the losses, timestep by timestep, as a checkpoint holds them.</summary>
    public double[] Squares => _squares;

    /// <summary>How many losses each timestep has had, as a checkpoint holds them; beyond <see cref="Length"/> it tells which of them is the oldest.</summary>
    public int[] Counts => _counts;

    /// <summary>Goes on from what a checkpoint held.</summary>
    public void Restore(double[] squares, int[] counts)
    {
        squares.CopyTo(_squares, 0);
        counts.CopyTo(_counts, 0);
        _complete = counts.Count(count => count >= Length);
    }

    /// <summary>Remembers a loss for each timestep of a batch; the oldest of the same timestep is forgotten.</summary>
    public void Record(ReadOnlySpan<int> timesteps, ReadOnlySpan<double> losses)
    {
        for (var i = 0; i < timesteps.Length; i++)
        {
            var t = timesteps[i];
            _squares[(t * Length) + (_counts[t] % Length)] = losses[i] * losses[i];
            _complete += ++_counts[t] == Length ? 1 : 0;
            _counts[t] = _counts[t] == 2 * Length ? Length : _counts[t]; // so that a long run cannot overflow
        }
    }

    /// <summary>The probability of each timestep, or null, for uniform, while one of them lacks losses.</summary>
    public double[]? Probabilities()
    {
        if (_complete < trainingTimesteps)
        {
            return null;
        }

        var roots = new double[trainingTimesteps];
        for (var t = 0; t < roots.Length; t++)
        {
            var sum = 0.0;
            foreach (var square in _squares.AsSpan(t * Length, Length))
            {
                sum += square;
            }

            roots[t] = Math.Sqrt(sum / Length);
        }

        var total = roots.Sum();
        return total > 0 ? Array.ConvertAll(roots, root => ((1 - UniformShare) * root / total) + (UniformShare / roots.Length)) : null;
    }

    /// <summary>What the losses at drawn timesteps are multiplied by, so that their mean estimates the mean over all timesteps: 1 / (T p_t).</summary>
    public static double[] Weights(double[] probabilities, int[] timesteps) =>
        Array.ConvertAll(timesteps, t => 1 / (probabilities.Length * probabilities[t]));
}
