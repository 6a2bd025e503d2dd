namespace Microsoft.ML.Diffusion.Images;

/// <summary>The size of every image of one model.</summary>
internal readonly record struct ImageShape(int Channels, int Height, int Width)
{
    public int PixelCount => Channels * Height * Width;

    public long[] Batch(long count) => [count, Channels, Height, Width];

    public override string ToString() => $"{Width}x{Height}, {Channels} channel{(Channels == 1 ? "" : "s")}";
}
