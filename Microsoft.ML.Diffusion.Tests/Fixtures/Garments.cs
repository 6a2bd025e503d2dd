using System.IO.Compression;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Tests.Build;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>
/// The model that comes with the repository and pictures of Fashion-MNIST: its test images, which it learned from, and some that it has not seen.
/// </summary>
internal static class Garments
{
    public const int Side = 28;

    private const int HeaderBytes = 16;

    public static string ModelPath => BuildFiles.InRoot("models", "garments.zip");

    /// <summary>The first pictures of a set, the caller's to dispose.</summary>
    public static MLImage[] Pictures(int count, bool unseen = false)
    {
        using var stream =
            new GZipStream(
                File.OpenRead(
                    BuildFiles.InRoot("samples", "Shared", "data", unseen ? "train4k-images-idx3-ubyte.gz" : "t10k-images-idx3-ubyte.gz")),
                CompressionMode.Decompress);
        var bytes = new byte[HeaderBytes + (count * Side * Side)];
        stream.ReadExactly(bytes);
        return [.. bytes.Skip(HeaderBytes).Chunk(Side * Side).Select(pixels => ImagePixels.Create(pixels, new ImageShape(1, Side, Side)))];
    }
}
