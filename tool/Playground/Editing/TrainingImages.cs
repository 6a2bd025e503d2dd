using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Samples;

namespace Diffusion.Tool.Playground.Editing;

/// <summary>The images of a folder, of which those nearest to another are found by what they look like in small: the mean colours of 16x16 parts.</summary>
/// <param name="context">What reads them.</param>
/// <param name="folder">The folder.</param>
internal sealed class TrainingImages(MLContext context, string folder)
{
    private const int Shown = 6;

    private readonly Dictionary<(int Width, int Height, bool IsGrey), Index> _indices = []; // used by the queue's one thread at a time

    /// <summary>Finds the nearest.</summary>
    /// <param name="image">The image.</param>
    /// <param name="model">The model, whose size and colours the images get.</param>
    /// <param name="cancellationToken">Ends the reading of the folder, which the first search needs.</param>
    /// <returns>Their files, PNGs and distances: roots of the mean squared differences, 0..1.</returns>
    public object Nearest(MLImage image, DiffusionTransformer model, CancellationToken cancellationToken)
    {
        var size = (model.ImageWidth, model.ImageHeight, model.Channels == 1);
        if (!_indices.TryGetValue(size, out var index))
        {
            index = _indices[size] = Read(size, cancellationToken);
        }

        var own = Features(PixelFeatures.Rows(context, [image])).Single();
        var nearest = index.Features
            .Select((features, row) => (Row: row, Distance: Distance(own, features)))
            .OrderBy(match => match.Distance)
            .Take(Shown)
            .ToList();
        return new { Count = index.Features.Count, Images = nearest.Select(match => Show(index, match.Row, match.Distance)).ToList() };
    }

    private Index Read((int Width, int Height, bool IsGrey) size, CancellationToken cancellationToken)
    {
        var loaded = context.Diffusion.LoadImages(folder, new ImageFolderOptions
        {
            Width = size.Width,
            Height = size.Height,
            Grayscale = size.IsGrey,
            CancellationToken = cancellationToken,
        });
        List<byte[]> features = [];
        foreach (var row in Features(PixelFeatures.Rows(context, loaded.Data)))
        {
            cancellationToken.ThrowIfCancellationRequested();
            features.Add(row);
        }

        return new Index(loaded.Data, features, [.. loaded.Data.GetColumn<ReadOnlyMemory<char>>("ImagePath").Select(path => path.ToString())]);
    }

    // In bytes: a folder of 60,000 takes 46 MB.
    private static IEnumerable<byte[]> Features(IDataView rows) =>
        rows.GetColumn<float[]>(nameof(PixelFeatures.Features)).Select(features => Array.ConvertAll(features, value => (byte)Math.Round(255 * value)));

    private static double Distance(byte[] a, byte[] b)
    {
        var sum = 0;
        for (var i = 0; i < a.Length; i++)
        {
            sum += (a[i] - b[i]) * (a[i] - b[i]);
        }

        return Math.Sqrt((double)sum / a.Length) / 255;
    }

    private object Show(Index index, int row, double distance)
    {
        var image = PictureFolder.Take(row == 0 ? index.Rows : context.Data.SkipRows(index.Rows, row), 1); // none is no number to ML.NET
        return new { Name = Path.GetRelativePath(folder, index.Paths[row]), Image = Png.Take(image)[0], Distance = distance };
    }

    private sealed record Index(IDataView Rows, IReadOnlyList<byte[]> Features, IReadOnlyList<string> Paths);
}
