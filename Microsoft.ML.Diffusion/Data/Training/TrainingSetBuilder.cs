using Microsoft.ML.Diffusion.Data.Rows;
using Microsoft.ML.Diffusion.Images;

namespace Microsoft.ML.Diffusion.Data.Training;

/// <summary>Gathers decoded rows, checks that they are of one size, and decides between grey and colour.</summary>
/// <remarks>As long as all images are grey they are kept as one channel; the first coloured one makes three of it for those before.</remarks>
internal sealed class TrainingSetBuilder(DiffusionOptions options, ImageShape? expected, bool hasLabels, string temporaryFolder) : IDisposable
{
    private readonly List<int> _labels = [];
    private readonly int? _channels = expected?.Channels ?? options.Channels;
    private PixelStoreBuilder? _pixels;
    private ImageShape _shape;

    public int Count => _pixels?.Count ?? 0;

    public void Append(DecodedRow row)
    {
        CheckSize(row.Shape);
        var isGrey = row.Shape.Channels == 1 || (_channels is null && ImagePixels.IsGrey(row.Pixels));
        if (_pixels is null)
        {
            _shape = row.Shape with { Channels = _channels ?? (isGrey ? 1 : 3) };
            _pixels = NewStore();
        }
        else if (_channels is null && !isGrey && _shape.Channels == 1)
        {
            MakeColoured();
        }

        _pixels.Append((row.Shape.Channels, _shape.Channels) switch
        {
            (3, 1) => ImagePixels.ToGrey(row.Pixels),
            (1, 3) => Coloured(row.Pixels),
            _ => row.Pixels,
        });
        if (hasLabels)
        {
            _labels.Add(row.Label);
        }
    }

    public TrainingSet ToTrainingSet() => new(_shape, _pixels!.ToStore(), hasLabels ? _labels : null);

    public void Dispose() => _pixels?.Dispose();

    private void CheckSize(ImageShape shape)
    {
        if (expected is null && Count == 0)
        {
            options.Network.ValidateFor(shape.Height, shape.Width);
            return;
        }

        var (width, height) = expected is { } given ? (given.Width, given.Height) : (_shape.Width, _shape.Height);
        if (shape.Width != width || shape.Height != height)
        {
            throw new InvalidOperationException($"Row {Count}: image is {shape.Width}x{shape.Height}, expected {width}x{height} as in the {(expected is null ? "first row" : "training data")}. Add ResizeImages before the trainer.");
        }
    }

    private void MakeColoured()
    {
        using var grey = _pixels!;
        var image = new byte[_shape.PixelCount];
        _shape = _shape with { Channels = 3 };
        _pixels = NewStore();
        for (var i = 0; i < grey.Count; i++)
        {
            grey.Read(i, image);
            _pixels.Append(Coloured(image));
        }
    }

    private PixelStoreBuilder NewStore() => new(_shape.PixelCount, options.Training.MaximumImageMemory, temporaryFolder);

    private static byte[] Coloured(byte[] grey) => [.. grey, .. grey, .. grey];
}
