namespace Microsoft.ML.Diffusion.Engines;

/// <summary>What a network is called with.</summary>
/// <param name="Count">N, the number of images.</param>
/// <param name="Images">Noisy images, [N][C][H][W].</param>
/// <param name="Timesteps">[N], or one for all.</param>
/// <param name="Labels">The class of each image, -1 for none, [N]; empty where the network knows no classes or no image has one.</param>
internal readonly record struct NetworkInput(
    int Count,
    ReadOnlyMemory<float> Images,
    ReadOnlyMemory<float> Timesteps,
    ReadOnlyMemory<int> Labels)
{
    /// <summary>What was done to each image before it was noised, [N][K]; empty where nothing was done to any.</summary>
    public ReadOnlyMemory<float> Augmentation { get; init; }

    /// <summary>Some of the images.</summary>
    /// <param name="first">The first of them.</param>
    /// <param name="count">Their number.</param>
    public NetworkInput Part(int first, int count)
    {
        var length = Images.Length / Count;
        return new(
            count,
            Images.Slice(first * length, count * length),
            Timesteps.Length == 1 ? Timesteps : Timesteps.Slice(first, count),
            Labels.IsEmpty ? Labels : Labels.Slice(first, count))
        {
            Augmentation = Augmentation.Slice(first * (Augmentation.Length / Count), count * (Augmentation.Length / Count)),
        };
    }
}
