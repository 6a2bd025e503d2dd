namespace Microsoft.ML.Diffusion.Networks;

/// <summary>How a value of a plan lies in memory for each image of a batch.</summary>
internal enum ValueKind
{
    /// <summary>[C].</summary>
    Vector,

    /// <summary>[C, H, W].</summary>
    Image,

    /// <summary>[H W, C]: the pixels of an image one after another, as linear layers and attention read them.</summary>
    Pixels,
}

/// <summary>The shape of a value of a plan for one image.</summary>
/// <param name="Kind">The order of the numbers.</param>
/// <param name="Channels">C, or the length of a vector.</param>
/// <param name="Height">H; 1 for a vector.</param>
/// <param name="Width">W; 1 for a vector.</param>
internal readonly record struct ValueShape(ValueKind Kind, int Channels, int Height = 1, int Width = 1)
{
    public static ValueShape Vector(int length) => new(ValueKind.Vector, length);

    /// <summary>The shape for a batch of N.</summary>
    public long[] Of(long images) => Kind switch
    {
        ValueKind.Vector => [images, Channels],
        ValueKind.Image => [images, Channels, Height, Width],
        _ => [images, (long)Height * Width, Channels],
    };

    /// <inheritdoc/>
    public override string ToString() => Kind switch
    {
        ValueKind.Vector => $"{Channels}",
        ValueKind.Image => $"{Channels}x{Height}x{Width}",
        _ => $"{(long)Height * Width} of {Channels}",
    };
}
