using Experiments.Features;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion;
using Microsoft.ML.Diffusion.Samples;

namespace Experiments;

/// <summary>
/// What generated garments are judged by: their Frechet distance to the 10,000 garments that models learn from here, on 32 features of a small classifier of
/// those. It is not comparable to papers' FID, which is on another network's features, of other images.
/// </summary>
internal sealed class GarmentFeatures
{
    private const int Chunk = 500;

    private readonly MLContext _context;
    private readonly FeatureNetwork _network;
    private readonly FeatureStatistics _real;

    private GarmentFeatures(MLContext context, FeatureNetwork network, IReadOnlyList<float[]> real, string settings)
    {
        (_context, _network, Settings) = (context, network, settings);
        _real = Statistics([.. network.Features(real).Chunk(FeatureNetwork.NumberOfFeatures)]);
    }

    /// <summary>Gets what decides the features, for a key.</summary>
    public string Settings { get; }

    /// <summary>Trains the classifier.</summary>
    public static GarmentFeatures Learn(ExperimentRun run, IReadOnlyList<string> classes)
    {
        var (epochs, count) = run.Pick((1, 100), (6, 10_000), (6, 10_000));
        var rows = Garments.Labelled(FashionMnist.Learned, count, classes);
        var network = FeatureNetwork.Train(rows, epochs, seed: 1); // of any run: figures of two seeds are on the same features
        var unseen = Garments.Labelled(FashionMnist.Unseen, run.Pick(100, 4000, 4000), classes);
        run.Tell($"The features' network tells {network.Accuracy(unseen):P1} of unseen garments right");
        return new(run.Context, network, Array.ConvertAll(rows, row => row.Pixels), $"features of {epochs} epochs of {count}");
    }

    /// <summary>The features of images.</summary>
    public float[][] Of(IEnumerable<MLImage> images) =>
        [.. _network.Features([.. images.Select(Garments.Grey)]).Chunk(FeatureNetwork.NumberOfFeatures)];

    /// <summary>The features of generated images, which are drawn in parts and not kept.</summary>
    public float[][] OfGenerated(DiffusionTransformer model, int count, GenerationOptions options)
    {
        var features = new List<float[]>();
        foreach (var labels in Enumerable.Range(0, count).Select(i => i % model.ClassNames.Count).Chunk(Chunk))
        {
            var images = model.Generate(labels, options with { FirstImage = features.Count });
            features.AddRange(Of(images));
            Array.ForEach(images, image => image.Dispose());
        }

        return [.. features];
    }

    /// <summary>The Frechet distance of images of these features to the real ones.</summary>
    public double Distance(IEnumerable<float[]> rows) => _real.FrechetDistanceTo(Statistics(rows));

    /// <summary>The Frechet distance of the first unseen garments to those learned from: what a perfect model would get with so many images.</summary>
    public double DistanceOfUnseen(int count)
    {
        var images = Garments.Images(FashionMnist.Unseen, count);
        var distance = Distance(Of(images));
        Array.ForEach(images, image => image.Dispose());
        return distance;
    }

    private FeatureStatistics Statistics(IEnumerable<float[]> rows) =>
        FeatureStatistics.Of(_context.Data.LoadFromEnumerable(rows.Select(row => new FeatureRow { Features = row })));

    private sealed class FeatureRow
    {
        [VectorType(FeatureNetwork.NumberOfFeatures)]
        public float[] Features { get; set; } = [];
    }
}
