namespace Microsoft.ML.Diffusion.Images;

/// <summary>Levels 0..255 as the numbers in [-1, 1] that networks see: level / 127.5 - 1.</summary>
internal static class PixelValues
{
    private static readonly float[] _singles = [.. Enumerable.Range(0, 256).Select(level => (float)((level / 127.5) - 1))];

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
}
