using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Samples;

/// <summary>Pictures on their way out of noise, as they are after the steps of their sampler.</summary>
public sealed class DenoisingFilm : IDisposable
{
    private const int MostFrames = 101;

    private readonly SortedDictionary<int, MLImage[]> _frames;

    private DenoisingFilm(
        int numberOfSteps,
        IReadOnlyList<string> names,
        SortedDictionary<int, MLImage[]> frames) => (NumberOfSteps, Names, _frames) = (numberOfSteps, names, frames);

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
    public static DenoisingFilm Record(DiffusionTransformer model, int count, GenerationOptions options, int mostFrames = MostFrames)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Record(
            model,
            count,
            model.ClassNames.Count == 0 ? null : [.. Enumerable.Range(0, count).Select(i => SampleSheet.ClassOf(model, count, i))],
            options,
            mostFrames);
    }

    /// <summary>Draws pictures of classes that are given, and keeps how they look meanwhile.</summary>
    /// <param name="model">The model.</param>
    /// <param name="count">Number of pictures, at least 1.</param>
    /// <param name="labels">The class of each picture; <see langword="null"/> draws all without.</param>
    /// <param name="options">Sampler, seed and more. Its observer is called as well.</param>
    /// <param name="mostFrames">As above.</param>
    public static DenoisingFilm Record(
        DiffusionTransformer model,
        int count,
        IReadOnlyList<int>? labels,
        GenerationOptions options,
        int mostFrames = MostFrames)
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
                snapshot.GetSampleImages()
                    .AsSpan(0, Math.Min(snapshot.NumberOfImages, count - snapshot.FirstImage))
                    .CopyTo(frames[snapshot.Step].AsSpan(snapshot.FirstImage));
            }
        }

        var drawing = options with { Observer = options.Observer + Keep };
        Array.ForEach(labels is null ? model.Generate(count, drawing) : model.Generate(labels, drawing), picture => picture.Dispose());
        string[] names = labels is null ? [] : [.. labels.Select(label => model.ClassNames[label])];
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
        return ImageGrid.Create(
            [.. Enumerable.Range(0, NumberOfPictures).SelectMany(picture => frames.Select(frame => frame.Value[picture]))],
            frames.Count,
            padding: 1);
    }

    /// <summary>Writes the film as an animated GIF that plays for ever and rests on the finished pictures.</summary>
    /// <param name="path">Where.</param>
    /// <param name="columns">Pictures in a row of each frame, at least 1.</param>
    /// <param name="mostFrames">The most frames, at least 2.</param>
    public void SaveGif(string path, int columns, int mostFrames = 26)
    {
        var frames = Pick(mostFrames).ConvertAll(frame => ImageGrid.Create(frame.Value, columns, padding: 1));
        AnimatedGif.Save(path, frames);
        frames.ForEach(frame => frame.Dispose());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var picture in _frames.Values.SelectMany(pictures => pictures))
        {
            picture.Dispose();
        }
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
