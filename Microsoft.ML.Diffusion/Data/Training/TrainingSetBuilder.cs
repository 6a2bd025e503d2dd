using Microsoft.ML.Diffusion.Data.Rows;
using Microsoft.ML.Diffusion.Images;

namespace Microsoft.ML.Diffusion.Data.Training;

/// <summary>Gathers images and their classes, checks that they are of one size, and decides between grey and colour.</summary>
/// <remarks>As long as all images are grey they are kept as one channel; the first coloured one makes three of it for those before.</remarks>
internal sealed class TrainingSetBuilder(TrainingSetNeeds needs, ImageShape? expected, bool hasLabels, string temporaryFolder) : IDisposable
{
    private readonly List<int> _labels = [];
    private readonly int? _channels = expected?.Channels ?? needs.Channels;
    private int _blankCount;
    private PixelStoreBuilder? _pixels;
    private ImageShape _shape;

    public int Count => _pixels?.Count ?? 0;

    public void Append(RowImage image, int label)
    {
        CheckSize(image.Shape);
        _blankCount += IsBlank(image) ? 1 : 0;
        var isGrey = image.Shape.Channels == 1 || (_channels is null && ImagePixels.IsGrey(image.Pixels));
        if (_pixels is null)
        {
            _shape = image.Shape with { Channels = _channels ?? (isGrey ? 1 : 3) };
            _pixels = NewStore();
        }
        else if (_channels is null && !isGrey && _shape.Channels == 1)
        {
            MakeColoured();
        }

        _pixels.Append(image.WithChannels(_shape.Channels));
        if (hasLabels)
        {
            _labels.Add(label);
        }
    }

    /// <param name="isShared">Whether other processes of the machine are to use the images too.</param>
    public TrainingSet ToTrainingSet(bool isShared = false)
    {
        var (labels, token) = (hasLabels ? _labels : null, Guid.NewGuid());
        var shared =
            isShared && _pixels!.SharedPath is { } path
                ? new SharedImages(path, Count, _shape, _blankCount, hasLabels, token)
                : null;
        return new(_shape, _pixels!.ToStore(shared is null ? [] : SharedImages.Tail(labels, token)), labels)
        {
            BlankCount = _blankCount,
            Shared = shared,
        };
    }

    public void Dispose() => _pixels?.Dispose();

    private void CheckSize(ImageShape shape)
    {
        if (expected is null && Count == 0)
        {
            needs.Network?.ValidateFor(shape.Height, shape.Width);
            return;
        }

        var (width, height) = expected is { } given ? (given.Width, given.Height) : (_shape.Width, _shape.Height);
        if (shape.Width != width || shape.Height != height)
        {
            throw new InvalidOperationException(
                $"Row {Count}: image is {shape.Width}x{shape.Height}, expected {width}x{height} as in the {(expected is null ? "first row" : "training data")}. Add ResizeImages before the trainer.");
        }
    }

    private static bool IsBlank(RowImage image)
    {
        var plane = image.Pixels.Length / image.Shape.Channels;
        for (var start = 0; start < image.Pixels.Length; start += plane)
        {
            if (image.Pixels.AsSpan(start, plane).IndexOfAnyExcept(image.Pixels[start]) >= 0)
            {
                return false;
            }
        }

        return true;
    }

    private void MakeColoured()
    {
        using var grey = _pixels!;
        var image = new RowImage(new byte[_shape.PixelCount], _shape);
        _shape = _shape with { Channels = 3 };
        _pixels = NewStore();
        for (var i = 0; i < grey.Count; i++)
        {
            grey.Read(i, image.Pixels);
            _pixels.Append(image.WithChannels(3));
        }
    }

    private PixelStoreBuilder NewStore() => new(_shape.PixelCount, needs.MaximumMemory, temporaryFolder);
}
