using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion;
using Microsoft.ML.Diffusion.Samples;
using Microsoft.ML.Transforms;

namespace TrainAndGenerate;

/// <summary>The pictures as rows of an <see cref="IDataView"/>: those to learn from, and those held out to judge by.</summary>
internal sealed record ImageData(IDataView Training, IDataView? Validation)
{
    /// <summary>Rows of the user's files, or of the bundled garments and their kinds.</summary>
    public static ImageData Load(MLContext mlContext, Settings settings, int width, int height, CancellationToken cancellationToken)
    {
        if (settings.ImageFolder is { } folder)
        {
            var images = PictureFolder.Load(mlContext, folder, width, height, cancellationToken: cancellationToken);
            var share = Math.Min(Settings.FolderValidationShare, (double)settings.ValidationImages / images.Count);
            var (training, validation) = PictureFolder.HoldOut(mlContext, images.Data, images.Count, share, settings.Seed);
            return new(training, validation);
        }

        IDataView garments = mlContext.Data.LoadFromEnumerable(FashionMnist.Read());
        var unseen = mlContext.Data.LoadFromEnumerable(FashionMnist.Read(FashionMnist.Unseen).Take(settings.ValidationImages));
        return new(garments, settings.ValidationImages > 0 ? unseen : null);
    }

    /// <summary>Makes a column "Image", the middle of each picture in one size, and of the garments' kinds a key column "Label", in alphabetical order.</summary>
    public static IEstimator<ITransformer> Prepare(MLContext mlContext, Settings settings, int width, int height)
    {
        var resize = mlContext.Transforms.ResizeImages("Image", width, height);
        return settings.ImageFolder is null
            ? resize.Append(mlContext.Transforms.Conversion.MapValueToKey("Label", keyOrdinality: ValueToKeyMappingEstimator.KeyOrdinality.ByValue))
            : resize;
    }

    /// <summary>The first pictures in the model's size; null if there are fewer than two, or none of the kind that the model learned from.</summary>
    public IReadOnlyList<MLImage>? TryTake(MLContext mlContext, Settings settings, DiffusionTransformer model, int count)
    {
        var mayKnowGarments = (model.ImageWidth, model.ImageHeight, model.Channels) == (FashionMnist.Size, FashionMnist.Size, 1);
        if (settings is { ModelFile: not null, ImageFolder: null } && !mayKnowGarments)
        {
            return null;
        }

        var first = mlContext.Data.TakeRows(Training, count);
        var images = PictureFolder.Take(Prepare(mlContext, settings, model.ImageWidth, model.ImageHeight).Fit(first).Transform(first), count);
        return images.Length >= 2 ? images : null;
    }
}
