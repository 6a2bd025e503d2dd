using System.Buffers.Binary;
using System.Security.Cryptography;
using Microsoft.ML.Diffusion.Images;

namespace Microsoft.ML.Diffusion.Data.Training;

/// <summary>The images to learn from, decoded once, as bytes.</summary>
/// <param name="shape">Of each image.</param>
/// <param name="pixels">The images. The set frees them, unless it is a part of another.</param>
/// <param name="labels">Class of each of the set's images, -1 where it has none; null for a set without classes.</param>
/// <param name="rows">The images that are the set's; null for all.</param>
internal sealed class TrainingSet(ImageShape shape, PixelStore pixels, IReadOnlyList<int>? labels, int[]? rows = null) : IDisposable
{
    private readonly BatchPrefetcher _ahead = new(shape, pixels, rows);

    public ImageShape Shape => shape;

    public int Count => rows?.Length ?? pixels.Count;

    /// <summary>The number of images of one single colour.</summary>
    public int BlankCount { get; init; }

    /// <summary>Where other processes find the images; null where they are this one's alone.</summary>
    public SharedImages? Shared { get; init; }

    /// <summary>Whether the images are in a temporary file rather than in memory.</summary>
    public bool IsMapped => pixels.IsMapped;

    /// <summary>Class of each image, -1 where it has none; null for a set without classes.</summary>
    public IReadOnlyList<int>? Labels => labels;

    /// <summary>Starts to gather a batch on another thread, for a later <see cref="Batch"/> of the same array.</summary>
    public void Prefetch(int[] indices) => _ahead.Start(indices);

    /// <summary>The images at <paramref name="indices"/>, [N][C][H][W] in [-1, 1].</summary>
    public float[] Batch(int[] indices) => PixelValues.ToSingle(_ahead.Take(indices));

    /// <summary>Parts a whole set in two, which use its images and must be disposed before it.</summary>
    /// <param name="isHeldOut">Whether each image goes to the second part.</param>
    public (TrainingSet Training, TrainingSet HeldOut) Split(bool[] isHeldOut)
    {
        var parts = Enumerable.Range(0, Count).ToLookup(row => isHeldOut[row]);
        return (Part([.. parts[false]]), Part([.. parts[true]]));
    }

    /// <summary>SHA-256 of the size, all pixels and all labels.</summary>
    public string Digest()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(System.Text.Encoding.UTF8.GetBytes($"{Count} of {shape}"));
        for (var i = 0; i < Count; i++)
        {
            hash.AppendData(pixels[rows is null ? i : rows[i]]);
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
        if (rows is null)
        {
            pixels.Dispose();
        }
    }

    private TrainingSet Part(int[] part) => new(shape, pixels, labels is null ? null : Array.ConvertAll(part, row => labels[row]), part);
}
