using Microsoft.ML.Data;
using Microsoft.ML.Diffusion;

namespace TrainAndGenerate;

/// <summary>Draws with a model, the way that the settings ask for.</summary>
internal sealed class Artist(Settings settings, ProgressDisplay progress, CancellationToken cancellationToken)
{
    private const int SheetSize = 64;
    private const int FramesPerRow = 8;

    /// <summary>Draws 64 pictures, the classes one after another if the model knows any.</summary>
    public MLImage[] DrawSheet(DiffusionTransformer model) => Draw(model, SheetSize, i => i * model.ClassNames.Count / SheetSize);

    /// <summary>Draws pictures of each class in turn, if the model knows any.</summary>
    public MLImage[] DrawSingles(DiffusionTransformer model, int count) => Draw(model, count, i => i % model.ClassNames.Count);

    /// <summary>Draws the way from picture to picture, in pairs: one row along the latents' great circle, one along a straight line.</summary>
    /// <returns>A grid; the first and the last column are the pictures themselves.</returns>
    public MLImage Interpolate(DiffusionTransformer model, IReadOnlyList<MLImage> ends)
    {
        var pairs = ends.Chunk(2).Where(pair => pair.Length == 2).ToList();
        var cells = new List<MLImage>();

        void AddRow(MLImage from, MLImage to, InterpolationPath path)
        {
            var options = settings.ToInterpolation(path, cancellationToken) with { BatchSize = FramesPerRow };
            cells.AddRange([from, .. model.Interpolate(from, to, FramesPerRow, options), to]);
            progress.Report((double)cells.Count / (2 * pairs.Count * (FramesPerRow + 2)));
        }

        return progress.Show("Drawing the way between pictures", () =>
        {
            foreach (var pair in pairs)
            {
                AddRow(pair[0], pair[1], InterpolationPath.Spherical);
                AddRow(pair[0], pair[1], InterpolationPath.Linear);
            }

            return ImageGrid.Create(cells, FramesPerRow + 2, padding: 1);
        });
    }

    /// <summary>Says which pictures of a sheet show what.</summary>
    public static string DescribeSheet(DiffusionTransformer model)
    {
        var classes = Enumerable.Range(0, SheetSize).GroupBy(i => i * model.ClassNames.Count / SheetSize, i => i + 1);
        return model.ClassNames.Count == 0
            ? $"{SheetSize} pictures drawn from noise"
            : string.Join(", ", classes.Select(pictures => $"{pictures.First()}-{pictures.Last()} {model.ClassNames[pictures.Key]}"));
    }

    /// <summary>Whether two sets of pictures agree in every pixel.</summary>
    public static bool AreEqual(IReadOnlyList<MLImage> first, IReadOnlyList<MLImage> second) =>
        first.Count == second.Count && first.Zip(second).All(pair => pair.First.PixelFormat == pair.Second.PixelFormat && pair.First.Pixels.SequenceEqual(pair.Second.Pixels));

    private MLImage[] Draw(DiffusionTransformer model, int count, Func<int, int> classOf)
    {
        var options = (settings.ChoosesSampling ? settings.ToGeneration() : model.Generation) with
        {
            Seed = settings.Seed,
            Progress = progress,
            CancellationToken = cancellationToken,
        };
        return progress.Show($"Drawing {count} pictures", () => model.ClassNames.Count == 0
            ? model.Generate(count, options)
            : model.Generate([.. Enumerable.Range(0, count).Select(classOf)], options));
    }
}
