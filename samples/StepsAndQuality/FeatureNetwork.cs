using static TorchSharp.torch;

namespace StepsAndQuality;

/// <summary>A small classifier of garments, whose last layer but one is what it looks at: 32 features of a picture.</summary>
internal sealed class FeatureNetwork : IDisposable
{
    public const int NumberOfFeatures = 32;

    private const int BatchSize = 100;

    private readonly nn.Module<Tensor, Tensor> _features;
    private readonly nn.Module<Tensor, Tensor> _classes;

    private FeatureNetwork()
    {
        _features = nn.Sequential(
            new HalvingConvolution(1, 16), nn.ReLU(), // [N, 16, 14, 14]
            new HalvingConvolution(16, 32), nn.ReLU(), // [N, 32, 7, 7]
            nn.Flatten(), nn.Linear(32 * 7 * 7, NumberOfFeatures), nn.ReLU());
        _classes = nn.Linear(NumberOfFeatures, 10);
    }

    /// <summary>Trains one on rows of pixels in 0..1 and their classes; its layers start from the global seed.</summary>
    public static FeatureNetwork Train(IReadOnlyList<(float[] Pixels, long Label)> rows, int epochs, int seed)
    {
        random.manual_seed(seed);
        var network = new FeatureNetwork();
        using var optimizer = optim.AdamW([.. network._features.parameters(), .. network._classes.parameters()], lr: 2e-3);
        var order = new Random(seed);
        for (var epoch = 0; epoch < epochs; epoch++)
        {
            foreach (var batch in rows.OrderBy(_ => order.Next()).Chunk(BatchSize))
            {
                using var scope = NewDisposeScope();
                optimizer.zero_grad();
                var loss = nn.functional.cross_entropy(network._classes.call(network._features.call(ToTensor(batch))), Labels(batch));
                loss.backward();
                optimizer.step();
            }
        }

        return network;
    }

    /// <summary>The features of one picture.</summary>
    public float[] Features(float[] pixels) => Features([pixels]);

    /// <summary>The features of pictures, one after another.</summary>
    public float[] Features(IReadOnlyList<float[]> pictures)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        return _features.call(ToTensor([.. pictures.Select(pixels => (pixels, 0L))])).data<float>().ToArray();
    }

    /// <summary>The share of rows whose class it finds.</summary>
    public double Accuracy(IReadOnlyList<(float[] Pixels, long Label)> rows)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        (float[] Pixels, long Label)[] all = [.. rows];
        return _classes.call(_features.call(ToTensor(all))).argmax(1).eq(Labels(all)).to(ScalarType.Float64).mean().item<double>();
    }

    public void Dispose()
    {
        _features.Dispose();
        _classes.Dispose();
    }

    private static Tensor ToTensor((float[] Pixels, long Label)[] rows) =>
        tensor(rows.SelectMany(row => row.Pixels).ToArray(), [rows.Length, 1, 28, 28]);

    private static Tensor Labels((float[] Pixels, long Label)[] rows) => tensor(Array.ConvertAll(rows, row => row.Label));
}
