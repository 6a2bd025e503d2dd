using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Data.Rows;
using Microsoft.ML.Diffusion.Data.Training;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>Images by the megabyte, made while they are read.</summary>
internal static class LargeData
{
    public const int Side = 64;

    /// <summary>Reads images and batches of them, and gives the growth of this process's own memory, in MiB, whether a file was used, and the digest.</summary>
    public static string ReadAndMeasure(int images, long limit)
    {
        var mlContext = new MLContext();
        using (var few = Read(mlContext, 512, limit: 0))
        {
            _ = few.Batch([0]);
        }

        var before = OwnMemory();

        using var set = Read(mlContext, images, limit);
        var peak = OwnMemory();
        for (var i = 0; i < images; i += 16)
        {
            int[] indices = [.. Enumerable.Range(0, 16).Select(j => (i + (37 * j)) % images)];
            set.Prefetch(indices);
            _ = set.Batch(indices);
            peak = Math.Max(peak, OwnMemory());
        }

        return FormattableString.Invariant($"{(peak - before) >> 20} {set.IsMapped} {set.Digest()}");
    }

    private static TrainingSet Read(MLContext mlContext, int count, long limit)
    {
        var rows = mlContext.Data.LoadFromEnumerable(Enumerable.Range(0, count).Select(Row));
        var images = new ImageColumn(rows.Schema["Image"], new PixelEncoding(0, 1));
        return new TrainingSetReader(
            rows,
            images,
            label: null,
            new TrainingSetNeeds(new UNetOptions(), null, limit))
        { Parallelism = 1 }.Read();
    }

    private static VectorRow Row(int number)
    {
        var row = new VectorRow();
        for (var i = 0; i < row.Image.Length; i++)
        {
            row.Image[i] = (byte)((number * 31) + (i * 7) + (i >> 8));
        }

        return row;
    }

    // Of the system's figures the one that leaves out pages of files.
    private static long OwnMemory()
    {
        GC.Collect();
        var line = File.ReadLines("/proc/self/status").First(text => text.StartsWith("RssAnon:", StringComparison.Ordinal));
        return long.Parse(line.Split(':', StringSplitOptions.TrimEntries)[1].Split(' ')[0]) << 10;
    }

    internal sealed class VectorRow
    {
        [VectorType(3, Side, Side)]
        public float[] Image { get; set; } = new float[3 * Side * Side];
    }
}
