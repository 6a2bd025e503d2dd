using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.Diffusion.Samples;

/// <summary>A folder of pictures as training data.</summary>
public static class PictureFolder
{
    private const int NamedFiles = 20;

    /// <summary>Loads the pictures in a folder and below it, all in one size: the middle of each. Files that cannot be read are named and left out.</summary>
    /// <param name="mlContext">The context.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="width">Width of the rows' images, in pixels.</param>
    /// <param name="height">Height of the rows' images, in pixels.</param>
    /// <param name="warnings">Who is told which files were skipped; <see langword="null"/> is the standard error.</param>
    /// <param name="cancellationToken">Ends the loading.</param>
    /// <returns>
    /// The rows of <see cref="DiffusionCatalog.LoadImages(string, ImageFolderOptions)"/>: Image, ImagePath and, if there are folders in the folder,
    /// Label.
    /// </returns>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidOperationException">No file in it is a picture that can be read.</exception>
    public static LoadedImages Load(
        MLContext mlContext,
        string folder,
        int width,
        int height,
        TextWriter? warnings = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(mlContext);
        var images =
            mlContext.Diffusion.LoadImages(
                folder,
                new ImageFolderOptions { Width = width, Height = height, CancellationToken = cancellationToken });
        warnings ??= Console.Error;
        foreach (var file in images.Skipped.Take(NamedFiles))
        {
            warnings.WriteLine($"Skipped {file.Path}: {file.Reason}");
        }

        if (images.Skipped.Count > NamedFiles)
        {
            warnings.WriteLine($"Skipped {images.Skipped.Count - NamedFiles} more files.");
        }

        return images;
    }

    /// <summary>Parts rows into those to learn from and those to judge by, at random but always alike for a seed.</summary>
    /// <param name="mlContext">The context.</param>
    /// <param name="rows">All rows.</param>
    /// <param name="count">Their number.</param>
    /// <param name="share">The share to judge by, 0..1; of the others at least one row stays.</param>
    /// <param name="seed">The seed.</param>
    /// <returns>Both parts; the second is <see langword="null"/> if it would be empty.</returns>
    public static (IDataView Training, IDataView? Validation) HoldOut(
        MLContext mlContext,
        IDataView rows,
        int count,
        double share,
        long seed)
    {
        ArgumentNullException.ThrowIfNull(mlContext);
        if (share <= 0 || count < 2)
        {
            return (rows, null);
        }

        var parts =
            mlContext.Data.TrainTestSplit(rows, share, seed: unchecked((int)(seed ^ (seed >> 32)))); // ML.NET takes 32 bits: all 64 decide
        return IsEmpty(parts.TestSet) || IsEmpty(parts.TrainSet) ? (rows, null) : (parts.TrainSet, parts.TestSet);
    }

    /// <summary>Copies the images of the first rows.</summary>
    /// <param name="rows">Rows with an image column.</param>
    /// <param name="count">The most images to take.</param>
    /// <param name="column">The image column.</param>
    /// <returns>The images, the caller's to dispose.</returns>
    public static MLImage[] Take(IDataView rows, int count, string column = "Image") =>
        [.. rows.GetColumn<MLImage>(column).Take(count).Select(Copy)];

    /// <summary>Makes rows of images in memory, in a column "Image".</summary>
    /// <param name="mlContext">The context.</param>
    /// <param name="images">The images, all of one size; they stay the caller's, and must stay as long as the rows are read.</param>
    /// <exception cref="ArgumentException">There is no image.</exception>
    public static IDataView Rows(MLContext mlContext, IReadOnlyList<MLImage> images)
    {
        ArgumentNullException.ThrowIfNull(mlContext);
        ArgumentNullException.ThrowIfNull(images);
        if (images.Count == 0)
        {
            throw new ArgumentException("Rows of images need one at least, which tells their size.", nameof(images));
        }

        return Rows(mlContext, images, images[0].Height, images[0].Width);
    }

    /// <summary>Parts rows of images into those that a model learned from and those that were held out of them.</summary>
    /// <param name="mlContext">The context.</param>
    /// <param name="rows">The rows that the model was trained on, with a column "Image".</param>
    /// <param name="isHeldOut">Whether each was held out: <see cref="TrainingSummary.HeldOutRows"/>.</param>
    /// <returns>Both parts, with a column "Image" each; the second is <see langword="null"/> if none was held out.</returns>
    public static (IDataView Learned, IDataView? HeldOut) Part(MLContext mlContext, IDataView rows, IReadOnlyList<bool> isHeldOut)
    {
        ArgumentNullException.ThrowIfNull(mlContext);
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(isHeldOut);
        var type = (ImageDataViewType)rows.Schema["Image"].Type;
        IDataView Of(bool held) =>
            Rows(mlContext, rows.GetColumn<MLImage>("Image").Where((_, row) => isHeldOut[row] == held), type.Height, type.Width);
        return isHeldOut.Contains(true) ? (Of(false), Of(true)) : (rows, null);
    }

    private static IDataView Rows(MLContext mlContext, IEnumerable<MLImage> images, int height, int width)
    {
        var type = new ImageDataViewType(height, width);
        DataViewTypeManager.Register(type, typeof(MLImage), new ImageTypeAttribute(height, width)); // as the attribute of a property would
        var schema = SchemaDefinition.Create(typeof(ImageRow));
        schema[nameof(ImageRow.Image)].ColumnType = type;
        return mlContext.Data.LoadFromEnumerable(images.Select(image => new ImageRow { Image = image }), schema);
    }

    /// <summary>Copies the images of some rows.</summary>
    /// <param name="rows">Rows with an image column.</param>
    /// <param name="positions">Which rows, counted from 0, in any order.</param>
    /// <param name="column">The image column.</param>
    /// <returns>The images by their rows, the caller's to dispose.</returns>
    public static IReadOnlyDictionary<int, MLImage> Pick(IDataView rows, IReadOnlySet<int> positions, string column = "Image")
    {
        ArgumentNullException.ThrowIfNull(positions);
        var picked = new Dictionary<int, MLImage>();
        foreach (var (position, image) in rows.GetColumn<MLImage>(column).Index())
        {
            if (positions.Contains(position))
            {
                picked.Add(position, Copy(image));
                if (picked.Count == positions.Count)
                {
                    break;
                }
            }
        }

        return picked;
    }

    // An image belongs to the cursor that gave it: it is gone when the cursor moves on.
    private static MLImage Copy(MLImage image) => MLImage.CreateFromPixels(image.Width, image.Height, image.PixelFormat, image.Pixels);

    private static bool IsEmpty(IDataView rows)
    {
        using var cursor = rows.GetRowCursor([]);
        return !cursor.MoveNext();
    }

    private sealed class ImageRow
    {
        [ImageType(1, 1)] // an image column must say something; the schema says what
        public MLImage? Image { get; init; }
    }
}
