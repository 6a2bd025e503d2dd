using ImageMagick;
using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Samples;

/// <summary>Pictures on their way out of noise, as they are after the steps of their sampler.</summary>
public sealed class DenoisingFilm : IDisposable
{
    private const uint Delay = 10; // hundredths of a second
    private const uint Pause = 250;
    private const int GifWidth = 480;
    private const int MostEnlarged = 3;
    private const int MostInBatch = 16;

    private readonly SortedDictionary<int, MLImage[]> _frames;

    private DenoisingFilm(int numberOfSteps, IReadOnlyList<string> names, SortedDictionary<int, MLImage[]> frames) => (NumberOfSteps, Names, _frames) = (numberOfSteps, names, frames);

    /// <summary>Gets the number of steps that the pictures took.</summary>
    public int NumberOfSteps { get; }

    /// <summary>Gets the number of pictures.</summary>
    public int NumberOfPictures => _frames.First().Value.Length;

    /// <summary>Gets the class of each picture; empty if the model knows none.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Draws pictures, the classes one after another if the model knows any, and keeps how they look meanwhile.</summary>
    /// <param name="model">The model.</param>
    /// <param name="count">Number of pictures, at least 1.</param>
    /// <param name="options">Sampler, seed and more. Its observer is called as well.</param>
    /// <param name="mostFrames">The most steps after which pictures are kept, at least 2: spread evenly, the first and the last among them.</param>
    public static DenoisingFilm Record(DiffusionTransformer model, int count, GenerationOptions options, int mostFrames = 101)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(mostFrames, 2);
        var (steps, frames) = (0, new SortedDictionary<int, MLImage[]>());
        void Keep(SamplingSnapshot snapshot)
        {
            steps = snapshot.NumberOfSteps;
            if (Spread(steps, mostFrames).Contains(snapshot.Step))
            {
                frames.TryAdd(snapshot.Step, new MLImage[count]);
                snapshot.GetSampleImages().AsSpan(0, Math.Min(snapshot.NumberOfImages, count - snapshot.FirstImage)).CopyTo(frames[snapshot.Step].AsSpan(snapshot.FirstImage));
            }
        }

        SampleSheet.Draw(model, count, options with { Observer = options.Observer + Keep, BatchSize = options.BatchSize ?? Math.Min(count, MostInBatch) });
        string[] names = model.ClassNames.Count == 0 ? [] : [.. Enumerable.Range(0, count).Select(i => model.ClassNames[SampleSheet.ClassOf(model, count, i)])];
        return new(steps, names, frames);
    }

    /// <summary>The steps of a sheet's columns, counted from 1.</summary>
    /// <param name="columns">The most columns, at least 2.</param>
    public IReadOnlyList<int> StepsOf(int columns) => [.. Pick(columns).Select(frame => frame.Key + 1)];

    /// <summary>Lays the film out: a row for each picture, from noise on the left to the picture on the right.</summary>
    /// <param name="columns">The most columns, at least 2.</param>
    public MLImage ToSheet(int columns)
    {
        var frames = Pick(columns);
        return ImageGrid.Create([.. Enumerable.Range(0, NumberOfPictures).SelectMany(picture => frames.Select(frame => frame.Value[picture]))], frames.Count, padding: 1);
    }

    /// <summary>Writes the film as an animated GIF that plays for ever and rests on the finished pictures.</summary>
    /// <param name="path">Where.</param>
    /// <param name="columns">Pictures in a row of each frame, at least 1.</param>
    /// <param name="mostFrames">The most frames, at least 2.</param>
    public void SaveGif(string path, int columns, int mostFrames = 26)
    {
        using var animation = new MagickImageCollection();
        foreach (var (_, pictures) in Pick(mostFrames))
        {
            animation.Add(ToFrame(pictures, columns));
        }

        animation[0].AnimationIterations = 0; // for ever
        animation[^1].AnimationDelay = Pause;
        WholeFile.Write(path, partial => animation.Write(partial, MagickFormat.Gif));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var picture in _frames.Values.SelectMany(pictures => pictures))
        {
            picture.Dispose();
        }
    }

    private static MagickImage ToFrame(IReadOnlyList<MLImage> pictures, int columns)
    {
        using var grid = ImageGrid.Create(pictures, columns, padding: 1);
        var mapping = grid.PixelFormat == MLPixelFormat.Bgra32 ? PixelMapping.BGRA : PixelMapping.RGBA;
        var frame = new MagickImage(grid.Pixels, new PixelReadSettings((uint)grid.Width, (uint)grid.Height, StorageType.Char, mapping)) { AnimationDelay = Delay };
        var scale = (uint)Math.Clamp(GifWidth / grid.Width, 1, MostEnlarged);
        frame.Sample(scale * frame.Width, scale * frame.Height); // whole pixels, not blurred
        return frame;
    }

    private List<KeyValuePair<int, MLImage[]>> Pick(int most)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 2);
        var frames = _frames.ToList();
        return [.. Spread(frames.Count, most).Select(i => frames[i])];
    }

    // At most so many of 0..count-1: the last, evenly spaced ones before it, and the first.
    private static SortedSet<int> Spread(int count, int most)
    {
        var stride = Math.Max(1, (int)Math.Ceiling((count - 1.0) / (most - 1)));
        return [0, .. Enumerable.Range(0, (count + stride - 1) / stride).Select(i => count - 1 - (i * stride))];
    }
}
