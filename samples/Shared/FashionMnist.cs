using System.Buffers.Binary;
using System.IO.Compression;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.Diffusion.Samples;

/// <summary>A garment and the name of its kind.</summary>
public sealed class Garment
{
    /// <summary>Gets the image, which is gone when the next garment is read.</summary>
    [ImageType(FashionMnist.Size, FashionMnist.Size)]
    public required MLImage Image { get; init; }

    /// <summary>Gets the name of its kind, such as Bag.</summary>
    public required string Label { get; init; }
}

/// <summary>The bundled images: the 10,000 test images of Fashion-MNIST, and 4,000 of its training images (see data/README.md).</summary>
/// <remarks>A program whose project says <c>UsesGarments</c> has their files beside it.</remarks>
public static class FashionMnist
{
    /// <summary>Side of an image, in pixels.</summary>
    public const int Size = 28;

    /// <summary>What TrainAndGenerate and models/garments.zip learned from.</summary>
    public const string Learned = "t10k";

    /// <summary>Garments that neither has seen.</summary>
    public const string Unseen = "train4k";

    private const int ImagesMagic = 0x803;
    private const int LabelsMagic = 0x801;

    private static readonly string[] _kinds =
        ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

    /// <summary>Reads the garments of a set, in the order of its file.</summary>
    /// <param name="set"><see cref="Learned"/> or <see cref="Unseen"/>.</param>
    public static IEnumerable<Garment> Read(string set = Learned)
    {
        var labels = ReadIdx($"{set}-labels-idx1-ubyte.gz", LabelsMagic, headerBytes: 8);
        var pixels = ReadIdx($"{set}-images-idx3-ubyte.gz", ImagesMagic, headerBytes: 16);
        for (var i = 0; i < labels.Length; i++)
        {
            using var image = ToImage(pixels.AsSpan(i * Size * Size, Size * Size));
            yield return new Garment { Image = image, Label = _kinds[labels[i]] };
        }
    }

    // The idx format: a magic number, the dimensions, then bytes.
    private static byte[] ReadIdx(string name, int magic, int headerBytes)
    {
        using var file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "data", name));
        using var gzip = new GZipStream(file, CompressionMode.Decompress);
        using var content = new MemoryStream();
        gzip.CopyTo(content);
        var bytes = content.ToArray();
        return BinaryPrimitives.ReadInt32BigEndian(bytes) == magic
            ? bytes[headerBytes..]
            : throw new FormatException($"{name} is not a file of Fashion-MNIST.");
    }

    private static MLImage ToImage(ReadOnlySpan<byte> grey)
    {
        Span<byte> pixels = stackalloc byte[4 * Size * Size];
        for (var i = 0; i < grey.Length; i++)
        {
            pixels.Slice(4 * i, 3).Fill(grey[i]);
            pixels[(4 * i) + 3] = byte.MaxValue;
        }

        return MLImage.CreateFromPixels(Size, Size, MLPixelFormat.Rgba32, pixels);
    }
}
