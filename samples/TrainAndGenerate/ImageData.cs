using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion;
using Microsoft.ML.Transforms;

namespace TrainAndGenerate;

/// <summary>The pictures to learn from as rows of an <see cref="IDataView"/>, and the ML.NET steps that prepare them.</summary>
internal static class ImageData
{
    /// <summary>Rows of the user's files, or of the bundled garments and their kinds.</summary>
    public static IDataView Load(MLContext mlContext, Settings settings) => settings.ImageFolder is { } folder
        ? mlContext.Data.LoadFromEnumerable(ImageFolder.List(folder))
        : mlContext.Data.LoadFromEnumerable(FashionMnist.Read());

    /// <summary>Makes a column "Image", the middle of each picture in one size, and of the garments' kinds a key column "Label", in alphabetical order.</summary>
    public static IEstimator<ITransformer> Prepare(MLContext mlContext, Settings settings, int width, int height)
    {
        var resize = mlContext.Transforms.ResizeImages("Image", width, height);
        return settings.ImageFolder is null
            ? resize.Append(mlContext.Transforms.Conversion.MapValueToKey("Label", keyOrdinality: ValueToKeyMappingEstimator.KeyOrdinality.ByValue))
            : mlContext.Transforms.LoadImages("Image", imageFolder: "", "ImagePath").Append(resize);
    }

    /// <summary>The first pictures in the model's size; null if there are fewer than two, or none of the kind that the model learned from.</summary>
    public static IReadOnlyList<MLImage>? TryTake(MLContext mlContext, IDataView rows, Settings settings, DiffusionTransformer model, int count)
    {
        var mayKnowGarments = (model.ImageWidth, model.ImageHeight, model.Channels) == (FashionMnist.Size, FashionMnist.Size, 1);
        if (settings is { ModelFile: not null, ImageFolder: null } && !mayKnowGarments)
        {
            return null;
        }

        var first = mlContext.Data.TakeRows(rows, count);
        var prepared = Prepare(mlContext, settings, model.ImageWidth, model.ImageHeight).Fit(first).Transform(first);
        MLImage[] images = [.. prepared.GetColumn<MLImage>("Image").Select(Copy)];
        return images.Length >= 2 ? images : null;
    }

    // An image belongs to the cursor that gave it: it is gone when the cursor moves on.
    private static MLImage Copy(MLImage image) => MLImage.CreateFromPixels(image.Width, image.Height, image.PixelFormat, image.Pixels);
}
