using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>Which images each step sees: one seeded permutation after another, cut into full batches. A step's batch follows from its number alone.</summary>
internal sealed class BatchSequence(int numberOfImages, int batchSize, long seed)
{
    private readonly RandomNumbers _numbers = new(RandomStream.OrderOfImages, seed);
    private int[] _permutation = [];
    private long _epoch = -1;

    public int[] Indices(int step)
    {
        var indices = new int[batchSize];
        for (var i = 0; i < batchSize; i++)
        {
            var (epoch, position) = Math.DivRem(((long)step * batchSize) + i, numberOfImages);
            indices[i] = Permutation(epoch)[position];
        }

        return indices;
    }

    private int[] Permutation(long epoch)
    {
        if (epoch != _epoch)
        {
            _epoch = epoch;
            _permutation = [.. Enumerable.Range(0, numberOfImages)];
            var keys = new ulong[numberOfImages];
            _numbers.LongWords(epoch, 0, keys);
            Array.Sort(keys, _permutation);
        }

        return _permutation;
    }
}
