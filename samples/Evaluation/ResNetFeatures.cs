using Microsoft.ML.Data;
using Microsoft.ML.Transforms;
using Microsoft.ML.Transforms.Image;

namespace Evaluation;

/// <summary>The 512 features that ML.NET's ResNet-18, which learned to tell 1,000 kinds of photographs, sees in images of any size, grey or coloured.</summary>
internal sealed class ResNetFeatures : IDisposable
{
    public const int Count = 512;

    private const int Side = 224; // of the images that it learned from

    private readonly MLContext _mlContext;
    private readonly TransformerChain<ColumnSelectingTransformer> _pipeline;

    /// <summary>Loads the network, which lies beside the program.</summary>
    public ResNetFeatures(MLContext mlContext)
    {
        _mlContext = mlContext;
        var anyImages = mlContext.Data.LoadFromEnumerable<ImageRow>([]);

        // Each image is stretched to a square, bilinearly; the network's own first step scales the colours.
        _pipeline = mlContext.Transforms.ResizeImages("Resized", Side, Side, "Image", ImageResizingEstimator.ResizingKind.Fill)
            .Append(mlContext.Transforms.ExtractPixels("Pixels", "Resized"))
            .Append(mlContext.Transforms.DnnFeaturizeImage(
                "Features",
                model => model.ModelSelector.ResNet18(mlContext, model.OutputColumn, model.InputColumn),
                "Pixels"))
            .Append(mlContext.Transforms.SelectColumns("Features"))
            .Fit(anyImages);
    }

    /// <summary>Computes the features of a column "Image", one image at a time on all cores. Of each image its 2 KB stay, and nothing else.</summary>
    /// <param name="images">The rows.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="progress">Is told the share done.</param>
    /// <param name="cancellationToken">Ends it between two images.</param>
    public float[][] Of(IDataView images, int count, IProgress<double> progress, CancellationToken cancellationToken)
    {
        var features = new List<float[]>(count);
        foreach (var row in _pipeline.Transform(images).GetColumn<float[]>("Features"))
        {
            cancellationToken.ThrowIfCancellationRequested();
            features.Add(row);
            progress.Report(features.Count / (double)count);
        }

        return [.. features];
    }

    /// <summary>Makes rows of features, for <see cref="DiffusionCatalog.Evaluate"/> and its kin.</summary>
    public IDataView Rows(IEnumerable<float[]> features) =>
        _mlContext.Data.LoadFromEnumerable(features.Select(row => new FeatureRow { Features = row }));

    /// <inheritdoc/>
    public void Dispose() => _pipeline.Dispose();

    private sealed class ImageRow
    {
        [ImageType(Side, Side)]
        public MLImage? Image { get; set; }
    }

    private sealed class FeatureRow
    {
        [VectorType(Count)]
        public float[] Features { get; set; } = [];
    }
}
