using System.Numerics.Tensors;

namespace Experiments.Features;

/// <summary>The layers of a <see cref="FeatureNetwork"/>, for one picture at a time.</summary>
internal sealed class FeatureLayers
{
    private const int Size = 28;

    private readonly HalvingConvolution _first = new(1, 16, Size);
    private readonly HalvingConvolution _second = new(16, 32, Size / 2);
    private readonly DenseLayer _features;
    private readonly DenseLayer _classes = new(FeatureNetwork.NumberOfFeatures, FeatureNetwork.NumberOfClasses);

    public FeatureLayers(int seed)
    {
        _features = new DenseLayer(_second.OutputLength, FeatureNetwork.NumberOfFeatures);
        var random = new MersenneTwister((uint)seed);
        Array.ForEach(All, layer => layer.Initialize(random));
    }

    /// <summary>The weights of each layer, and with them their gradients' places.</summary>
    public float[][] Weights => Array.ConvertAll(All, layer => layer.Weights);

    private DenseLayer[] All => [_first.Layer, _second.Layer, _features, _classes];

    /// <summary>Computes features and classes.</summary>
    public Values Forward(float[] pixels)
    {
        var values =
            new Values(
                new float[_first.PatchesLength],
                new float[_first.OutputLength],
                new float[_second.PatchesLength],
                new float[_second.OutputLength],
                new float[_second.OutputLength],
                new float[FeatureNetwork.NumberOfFeatures],
                new float[FeatureNetwork.NumberOfClasses]);
        _first.Forward(pixels, values.FirstPatches, values.First);
        _second.Forward(values.First, values.SecondPatches, values.Second);
        Turn(values.Second, values.ChannelsFirst, isBack: false);
        _features.Forward(values.ChannelsFirst, values.Features);
        Relu.Forward(values.Features);
        _classes.Forward(values.Features, values.Classes);
        return values;
    }

    /// <summary>Adds the gradients of the cross-entropy with respect to the weights, times a factor, to others.</summary>
    public void AddGradients(Values values, long label, float factor, float[][] gradients)
    {
        var ofClasses = new float[values.Classes.Length];
        TensorPrimitives.SoftMax<float>(values.Classes, ofClasses);
        ofClasses[label] -= 1;
        TensorPrimitives.Multiply(ofClasses, factor, ofClasses);

        var (ofFeatures, ofFlat) = (new float[values.Features.Length], new float[values.ChannelsFirst.Length]);
        _classes.Backward(values.Features, ofClasses, gradients[3], ofFeatures);
        Relu.Backward(values.Features, ofFeatures);
        _features.Backward(values.ChannelsFirst, ofFeatures, gradients[2], ofFlat);

        var (ofSecond, ofFirst) = (new float[values.Second.Length], new float[values.First.Length]);
        Turn(ofSecond, ofFlat, isBack: true);
        _second.Backward(values.SecondPatches, values.Second, ofSecond, gradients[1], ofFirst);
        _first.Backward(values.FirstPatches, values.First, ofFirst, gradients[0], []);
    }

    // [H][W][C] to [C][H][W], as PyTorch's weights see it, or back.
    private static void Turn(float[] channelsLast, float[] channelsFirst, bool isBack)
    {
        const int Pixels = Size / 4 * (Size / 4);
        var channels = channelsLast.Length / Pixels;
        for (var i = 0; i < channelsLast.Length; i++)
        {
            ref var other = ref channelsFirst[(i % channels * Pixels) + (i / channels)];
            if (isBack)
            {
                channelsLast[i] = other;
            }
            else
            {
                other = channelsLast[i];
            }
        }
    }

    /// <summary>What the layers make of a picture.</summary>
    internal sealed record Values(
        float[] FirstPatches,
        float[] First,
        float[] SecondPatches,
        float[] Second,
        float[] ChannelsFirst,
        float[] Features,
        float[] Classes);
}
