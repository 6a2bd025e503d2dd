using System.Globalization;
using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Data.Rows;

/// <summary>The vectors that ExtractPixels makes: planar [C, H, W], value = (pixel - offset) * scale.</summary>
internal static class PixelVector
{
    public static byte[] ToBytes(in VBuffer<float> vector, PixelEncoding encoding, ValueRange? seen, long row, string columnName)
    {
        var bytes = new byte[vector.Length];
        foreach (var (index, value) in vector.Items(all: true))
        {
            var pixel = encoding.ToPixel(value);
            if (!(pixel > -0.5f && pixel < 255.5f))
            {
                throw new InvalidOperationException(float.IsFinite(value)
                    ? string.Create(
                        CultureInfo.InvariantCulture,
                        $"Row {row}: value {index} of column '{columnName}' is pixel {pixel}, expected 0 to 255. Set PixelOffset and PixelScale to the offset and scale that made the column.")
                    : string.Create(
                        CultureInfo.InvariantCulture,
                        $"Row {row}: value {index} of column '{columnName}' is {value}, expected a pixel of 0 to 255. Remove the row or repair the value."));
            }

            seen?.Add(value);
            bytes[index] = (byte)MathF.Round(pixel);
        }

        return bytes;
    }
}
