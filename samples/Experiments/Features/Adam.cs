namespace Experiments.Features;

/// <summary>Adam (Kingma and Ba 2015, algorithm 1) with PyTorch's defaults.</summary>
internal sealed class Adam(float[][] weights, double learningRate)
{
    private const double FirstDecay = 0.9, SecondDecay = 0.999, Epsilon = 1e-8;

    private readonly float[][] _first = Array.ConvertAll(weights, layer => new float[layer.Length]);
    private readonly float[][] _second = Array.ConvertAll(weights, layer => new float[layer.Length]);
    private int _steps;

    public void Step(float[][] gradients)
    {
        _steps++;
        var rate = learningRate / (1 - Math.Pow(FirstDecay, _steps));
        var correction = Math.Sqrt(1 - Math.Pow(SecondDecay, _steps));
        for (var layer = 0; layer < weights.Length; layer++)
        {
            var (w, first, second) = (weights[layer], _first[layer], _second[layer]);
            for (var i = 0; i < w.Length; i++)
            {
                double gradient = gradients[layer][i];
                first[i] = (float)((FirstDecay * first[i]) + ((1 - FirstDecay) * gradient));
                second[i] = (float)((SecondDecay * second[i]) + ((1 - SecondDecay) * gradient * gradient));
                w[i] -= (float)(rate * first[i] / ((Math.Sqrt(second[i]) / correction) + Epsilon));
            }
        }
    }
}
