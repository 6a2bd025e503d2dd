namespace Experiments.Features;

/// <summary>A convolution of 3x3 with stride 2 and padding 1, with a ReLU behind it.</summary>
/// <param name="inChannels">C_in.</param>
/// <param name="outChannels">C_out.</param>
/// <param name="size">The height and width of what it reads.</param>
internal sealed class HalvingConvolution(int inChannels, int outChannels, int size)
{
    private readonly int _patch = 9 * inChannels;
    private readonly int _half = size / 2;
    private readonly int[] _places = Places(inChannels, size); // in x of what is in the patches

    /// <summary>The layer that each patch passes.</summary>
    public DenseLayer Layer { get; } = new(9 * inChannels, outChannels);

    /// <summary>The numbers of all patches.</summary>
    public int PatchesLength => _half * _half * _patch;

    /// <summary>The numbers of what it makes.</summary>
    public int OutputLength => _half * _half * outChannels;

    /// <summary>[H][W][C_in] to [H/2][W/2][C_out].</summary>
    /// <param name="x">What it reads.</param>
    /// <param name="patches">Where it keeps the patches, [H/2][W/2][C_in][3][3].</param>
    /// <param name="y">What it makes.</param>
    public void Forward(float[] x, float[] patches, float[] y)
    {
        for (var i = 0; i < patches.Length; i++)
        {
            patches[i] = _places[i] < 0 ? 0 : x[_places[i]];
        }

        for (var i = 0; i < _half * _half; i++)
        {
            Layer.Forward(patches.AsSpan(i * _patch, _patch), y.AsSpan(i * outChannels, outChannels));
        }

        Relu.Forward(y);
    }

    /// <summary>The gradients.</summary>
    /// <param name="patches">As <see cref="Forward"/> left them.</param>
    /// <param name="y">As <see cref="Forward"/> left it.</param>
    /// <param name="gradient">That of y; what the ReLU makes of it takes its place.</param>
    /// <param name="ofWeights">To which that of the weights is added.</param>
    /// <param name="ofX">That of x; empty if nobody asks.</param>
    public void Backward(float[] patches, float[] y, float[] gradient, float[] ofWeights, float[] ofX)
    {
        Relu.Backward(y, gradient);
        var ofPatches = new float[ofX.Length == 0 ? 0 : PatchesLength];
        for (var i = 0; i < _half * _half; i++)
        {
            Layer.Backward(
                patches.AsSpan(i * _patch, _patch),
                gradient.AsSpan(i * outChannels, outChannels),
                ofWeights,
                ofX.Length == 0 ? [] : ofPatches.AsSpan(i * _patch, _patch));
        }

        Array.Clear(ofX);
        for (var i = 0; i < ofPatches.Length; i++)
        {
            if (_places[i] >= 0)
            {
                ofX[_places[i]] += ofPatches[i];
            }
        }
    }

    // In patches of [C_in][3][3], -1 for what is beyond the edge.
    private static int[] Places(int channels, int size)
    {
        var places = new List<int>();
        for (var i = 0; i < size / 2 * (size / 2); i++)
        {
            var (top, left) = ((2 * (i / (size / 2))) - 1, (2 * (i % (size / 2))) - 1);
            for (var channel = 0; channel < channels; channel++)
            {
                for (var k = 0; k < 9; k++)
                {
                    var (row, column) = (top + (k / 3), left + (k % 3)); // from -1 to the last
                    places.Add(row < 0 || column < 0 ? -1 : (((row * size) + column) * channels) + channel);
                }
            }
        }

        return [.. places];
    }
}
