using System.Buffers.Binary;
using System.Security.Cryptography;
using Microsoft.ML.Diffusion.Images;

namespace Microsoft.ML.Diffusion.Data.Training;

/// <summary>The images to learn from, decoded once, as bytes.</summary>
internal sealed class TrainingSet(ImageShape shape, PixelStore pixels, IReadOnlyList<int>? labels) : IDisposable
{
    private readonly BatchPrefetcher _ahead = new(shape, pixels);

    public ImageShape Shape => shape;

    public int Count => pixels.Count;

    /// <summary>The number of images of one single colour.</summary>
    public int BlankCount { get; init; }

    /// <summary>Whether the images are in a temporary file rather than in memory.</summary>
    public bool IsMapped => pixels.IsMapped;

    /// <summary>Class of each image, -1 where it has none; null for a set without classes.</summary>
    public IReadOnlyList<int>? Labels => labels;

    /// <summary>Starts to gather a batch on another thread, for a later <see cref="Batch"/> of the same array.</summary>
    public void Prefetch(int[] indices) => _ahead.Start(indices);

    /// <summary>The images at <paramref name="indices"/>, [N][C][H][W] in [-1, 1].</summary>
    public float[] Batch(int[] indices) => PixelValues.ToSingle(_ahead.Take(indices));

    /// <summary>SHA-256 of the size, all pixels and all labels.</summary>
    public string Digest()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(System.Text.Encoding.UTF8.GetBytes($"{Count} of {shape}"));
        for (var i = 0; i < Count; i++)
        {
            hash.AppendData(pixels[i]);
        }

        Span<byte> bytes = stackalloc byte[sizeof(int)];
        foreach (var label in labels ?? [])
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes, label);
            hash.AppendData(bytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public void Dispose()
    {
        _ahead.Dispose();
        pixels.Dispose();
    }
}
