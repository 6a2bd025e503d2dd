using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Images;

/// <summary>Levels 0..255 as the numbers in [-1, 1] that networks see: level / 127.5 - 1.</summary>
internal static class PixelValues
{
    private static readonly double[] _values = [.. Enumerable.Range(0, 256).Select(level => (level / 127.5) - 1)];
    private static readonly float[] _singles = Array.ConvertAll(_values, value => (float)value);

    /// <summary>The numbers of so many levels, rounded once.</summary>
    public static float[] ToSingle(ReadOnlySpan<byte> levels)
    {
        var result = GC.AllocateUninitializedArray<float>(levels.Length);
        for (var i = 0; i < result.Length; i++)
        {
            result[i] = _singles[levels[i]];
        }

        return result;
    }

    /// <summary>The numbers of images of one size.</summary>
    /// <param name="images">[C, H, W] each.</param>
    public static Batch ToBatch(IReadOnlyList<byte[]> images)
    {
        var batch = new Batch(images.Count, images[0].Length);
        for (var i = 0; i < images.Count; i++)
        {
            var levels = images[i];
            var values = batch[i];
            for (var j = 0; j < values.Length; j++)
            {
                values[j] = _values[levels[j]];
            }
        }

        return batch;
    }
}
