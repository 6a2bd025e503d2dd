using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion;
using Microsoft.ML.Diffusion.Samples;
using Microsoft.ML.Transforms;

namespace TrainAndGenerate;

/// <summary>The images as rows of an <see cref="IDataView"/>: those to learn from, and those held out to judge by.</summary>
/// <param name="Name">What they are, in words.</param>
/// <param name="Training">Rows to learn from.</param>
/// <param name="Validation">Rows to judge by; null if there are too few for that.</param>
/// <param name="HasLabels">Whether a column "Label" says what each image shows: known of the garments only.</param>
internal sealed record ImageData(string Name, IDataView Training, IDataView? Validation, bool HasLabels)
{
    private const double HeldOutShare = 0.1; // of a small folder

    /// <summary>Rows of the user's files.</summary>
    public static ImageData OfFolder(
        MLContext mlContext,
        string folder,
        int width,
        int height,
        int heldOut,
        int seed,
        CancellationToken cancellationToken)
    {
        var images = PictureFolder.Load(mlContext, folder, width, height, cancellationToken: cancellationToken);
        var (training, validation) =
            PictureFolder.HoldOut(mlContext, images.Data, images.Count, Math.Min(HeldOutShare, (double)heldOut / images.Count), seed);
        return new(folder, training, validation, HasLabels: false);
    }

    /// <summary>Rows of the bundled garments and their kinds.</summary>
    public static ImageData OfGarments(MLContext mlContext, int heldOut) => new(
        "Fashion-MNIST, 10,000 garments",
        mlContext.Data.LoadFromEnumerable(FashionMnist.Read()),
        mlContext.Data.LoadFromEnumerable(FashionMnist.Read(FashionMnist.Unseen).Take(heldOut)),
        HasLabels: true);

    /// <summary>Makes a column "Image", the middle of each image in one size, and of the garments' kinds a key column "Label", in alphabetical order.</summary>
    public IEstimator<ITransformer> Prepare(MLContext mlContext, int width, int height)
    {
        var resize = mlContext.Transforms.ResizeImages("Image", width, height);
        return HasLabels
            ? resize.Append(
                mlContext.Transforms.Conversion.MapValueToKey("Label", keyOrdinality: ValueToKeyMappingEstimator.KeyOrdinality.ByValue))
            : resize;
    }

    /// <summary>
    /// The first images, if there are two at least that the model may have learned from: garments are not what a model of another size knows.
    /// </summary>
    public IReadOnlyList<MLImage>? TryTake(MLContext mlContext, DiffusionTransformer model, int count)
    {
        if (HasLabels && (model.ImageWidth, model.ImageHeight, model.Channels) != (FashionMnist.Size, FashionMnist.Size, 1))
        {
            return null;
        }

        var first = mlContext.Data.TakeRows(Training, count);
        var images = PictureFolder.Take(Prepare(mlContext, model.ImageWidth, model.ImageHeight).Fit(first).Transform(first), count);
        return images.Length >= 2 ? images : null;
    }
}
