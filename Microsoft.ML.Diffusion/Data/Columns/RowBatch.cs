using Microsoft.ML.Diffusion.Images;

namespace Microsoft.ML.Diffusion.Data.Columns;

/// <summary>What a model makes of neighbouring rows: each kind of output for all of them at once, when it is first asked for.</summary>
internal sealed class RowBatch(RowModel model, IReadOnlyList<RowInput> rows)
{
    // The rows that have an image, and what they hold.
    private readonly int[] _seen = [.. Enumerable.Range(0, rows.Count).Where(row => rows[row].Pixels is not null)];

    public ImageShape Shape => model.Shape;

    /// <summary>The generated images, [C, H, W] in 0..255.</summary>
    public IReadOnlyList<byte[]> Generated => field ??= model.Generate(rows);

    /// <summary>The noise that generates each input image, [C, H, W]; null where there is none.</summary>
    public float[]?[] Noise => field ??= Spread(model.Encode(Seen));

    /// <summary>What the noise gives back, as <see cref="Generated"/>; null where there is no image.</summary>
    public byte[]?[] ReconstructedPixels => field ??= Spread(RowModel.ToPixels([.. _seen.Select(row => Reconstructed[row]!)]));

    /// <summary>
    /// The mean squared difference of colours in [0, 1] between input and reconstruction, before these are rounded; NaN where there is no image.
    /// </summary>
    public float[] ReconstructionError =>
        field ??= [.. rows.Select((row, i) => row.Pixels is { } pixels ? Error(pixels, Reconstructed[i]!) : float.NaN)];

    /// <summary>The bound on each image's negative log-likelihood; NaN where there is no image.</summary>
    public float[] BitsPerDimension =>
        field ??= [.. Spread(model.BitsPerDimension(Seen).Select(bits => new[] { bits })).Select(bits => bits?[0] ?? float.NaN)];

    /// <summary>The features of each image, a vector; null where there is none.</summary>
    public float[]?[] Bottleneck => field ??= Spread(model.Bottleneck(Seen));

    private IReadOnlyList<RowInput> Seen => [.. _seen.Select(row => rows[row])];

    // [C, H, W] in [-1, 1] and, for numbers that the last step leaves, beyond.
    private float[]?[] Reconstructed => field ??= Spread(model.Decode([.. _seen.Select(row => Noise[row]!)], Seen));

    private TValue?[] Spread<TValue>(IEnumerable<TValue> values)
        where TValue : class
    {
        var all = new TValue?[rows.Count];
        foreach (var (row, value) in _seen.Zip(values))
        {
            all[row] = value;
        }

        return all;
    }

    private static float Error(byte[] pixels, float[] again)
    {
        var sum = 0.0;
        for (var i = 0; i < pixels.Length; i++)
        {
            var difference = ((again[i] + 1) / 2) - (pixels[i] / 255.0);
            sum += difference * difference;
        }

        return (float)(sum / pixels.Length);
    }
}
