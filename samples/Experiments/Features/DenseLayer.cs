using System.Numerics.Tensors;

namespace Experiments.Features;

/// <summary>A linear layer: y = x W + b.</summary>
/// <param name="inputs">K.</param>
/// <param name="outputs">M.</param>
internal sealed class DenseLayer(int inputs, int outputs)
{
    /// <summary>[K + 1][M]: a row for each input, and the bias.</summary>
    public float[] Weights { get; } = new float[(inputs + 1) * outputs];

    /// <summary>Starts as PyTorch's layer does: uniform within 1 / sqrt(K), the weights of an output before those of the next.</summary>
    public void Initialize(MersenneTwister random)
    {
        var bound = 1 / MathF.Sqrt(inputs);
        for (var output = 0; output < outputs; output++)
        {
            for (var input = 0; input < inputs; input++)
            {
                Weights[(input * outputs) + output] = random.Uniform(bound);
            }
        }

        for (var output = 0; output < outputs; output++)
        {
            Weights[(inputs * outputs) + output] = random.Uniform(bound);
        }
    }

    public void Forward(ReadOnlySpan<float> x, Span<float> y)
    {
        Row(Weights, inputs).CopyTo(y);
        for (var i = 0; i < inputs; i++)
        {
            if (x[i] != 0) // as half of them are behind a ReLU
            {
                TensorPrimitives.MultiplyAdd(Row(Weights, i), x[i], y, y);
            }
        }
    }

    /// <summary>Adds the gradient of the weights to others, and writes that of x where it is asked for.</summary>
    public void Backward(ReadOnlySpan<float> x, ReadOnlySpan<float> gradient, float[] ofWeights, Span<float> ofX)
    {
        TensorPrimitives.Add(Row(ofWeights, inputs), gradient, Row(ofWeights, inputs));
        for (var i = 0; i < inputs; i++)
        {
            if (x[i] != 0)
            {
                TensorPrimitives.MultiplyAdd(gradient, x[i], Row(ofWeights, i), Row(ofWeights, i));
            }

            if (!ofX.IsEmpty)
            {
                ofX[i] = TensorPrimitives.Dot<float>(Row(Weights, i), gradient);
            }
        }
    }

    private Span<float> Row(float[] weights, int input) => weights.AsSpan(input * outputs, outputs);
}
