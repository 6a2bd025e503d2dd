using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion;
using Microsoft.ML.Transforms;

namespace TrainAndGenerate;

/// <summary>The pictures to learn from as rows of an <see cref="IDataView"/>, and the ML.NET steps that prepare them.</summary>
internal static class ImageData
{
    /// <summary>Rows with a column "Image" and, of the bundled pictures, "Label". Pictures are read when a step asks for them.</summary>
    public static IDataView Load(MLContext mlContext, Settings settings) => settings.ImageFolder is { } folder
        ? mlContext.Data.LoadFromEnumerable(new ImageFolder(folder))
        : mlContext.Data.LoadFromEnumerable(FashionMnist.Read());

    /// <summary>Makes pictures of one size, the middle of what they were, and classes of labels, in alphabetical order.</summary>
    public static IEstimator<ITransformer> Preparation(MLContext mlContext, Settings settings)
    {
        var resize = mlContext.Transforms.ResizeImages("Image", settings.ImageSize, settings.ImageSize);
        return settings.IsLabelled
            ? resize.Append(mlContext.Transforms.Conversion.MapValueToKey("Label", keyOrdinality: ValueToKeyMappingEstimator.KeyOrdinality.ByValue))
            : resize;
    }

    /// <summary>The first pictures, in the model's size; null if there are fewer than two, or none of the kind that the model learned from.</summary>
    public static IReadOnlyList<MLImage>? TryTake(MLContext mlContext, IDataView rows, Settings settings, DiffusionTransformer model, int count)
    {
        var mayKnowGarments = (model.ImageWidth, model.ImageHeight, model.Channels) == (FashionMnist.Size, FashionMnist.Size, 1);
        if (settings is { ModelFile: not null, ImageFolder: null } && !mayKnowGarments)
        {
            return null;
        }

        var resize = mlContext.Transforms.ResizeImages("Image", model.ImageWidth, model.ImageHeight);
        var resized = resize.Fit(rows).Transform(mlContext.Data.TakeRows(rows, count));
        MLImage[] images = [.. resized.GetColumn<MLImage>("Image").Select(Copy)];
        return images.Length >= 2 ? images : null;
    }

    // An image belongs to the cursor that gave it: it is gone when the cursor moves on.
    private static MLImage Copy(MLImage image) => MLImage.CreateFromPixels(image.Width, image.Height, image.PixelFormat, image.Pixels);
}
