using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>Images noised to timesteps of their own: what a network is called with, and what a loss is taken of.</summary>
internal sealed class NoisyBatch
{
    private readonly GaussianDiffusion _diffusion;
    private readonly int _length;
    private readonly float[] _original;
    private readonly float[] _noise;
    private readonly float[] _noisy;
    private readonly float[] _times;
    private readonly int[]? _labels;

    /// <param name="diffusion">The forward process.</param>
    /// <param name="images">x_0, [N][C][H][W] in [-1, 1].</param>
    /// <param name="timesteps">N timesteps.</param>
    /// <param name="labels">The class of each image, -1 for none; null where the network knows no classes.</param>
    /// <param name="draw">Draws the noise of an image, by its place; called on several threads at once.</param>
    public NoisyBatch(GaussianDiffusion diffusion, float[] images, int[] timesteps, int[]? labels, NoiseOfImage draw)
    {
        (_diffusion, _original, Timesteps, _labels, _length) = (diffusion, images, timesteps, labels, images.Length / timesteps.Length);
        _noise = GC.AllocateUninitializedArray<float>(images.Length);
        _noisy = GC.AllocateUninitializedArray<float>(images.Length);
        _times = Array.ConvertAll(timesteps, timestep => (float)timestep);
        HostThreads.ForEach(timesteps.Length, _length, image =>
        {
            draw(image, _noise.AsSpan(image * _length, _length));
            diffusion.AddNoise(Of(_original, image), Of(_noise, image), timesteps[image], _noisy.AsSpan(image * _length, _length));
        });
    }

    /// <summary>What was done to the images before, [N][K]; null for nothing.</summary>
    public float[]? Augmentation { get; init; }

    /// <summary>x_t of all images.</summary>
    public Batch Noisy => Batch.Of(_noisy, Count);

    /// <summary>N.</summary>
    public int Count => Timesteps.Length;

    /// <summary>The timestep of each image.</summary>
    public int[] Timesteps { get; }

    /// <summary>An image, as a loss sees it.</summary>
    public NoisyImage<float> this[int image] => new(Of(_original, image), Of(_noise, image), Of(_noisy, image), Timesteps[image]);

    /// <summary>Images that follow each other, as a network sees them.</summary>
    public NetworkInput Input(int first, int count) => new(
        count,
        _noisy.AsMemory(first * _length, count * _length),
        _times.AsMemory(first, count),
        _labels is null ? default : _labels.AsMemory(first, count))
    {
        Augmentation = Augmentation.AsMemory(first * (Augmentation?.Length ?? 0) / Count, count * (Augmentation?.Length ?? 0) / Count),
    };

    /// <summary>Takes other images for those that were noised: x_t stays, and the noise in it becomes what they leave.</summary>
    /// <param name="originals">x_0, [N][C][H][W]; they may leave the range of images.</param>
    public void Explain(Batch originals) => HostThreads.ForEach(Count, _length, image =>
    {
        var (signal, deviation) = _diffusion.Scales(Timesteps[image]);
        var first = image * _length;
        var original = originals[image];
        for (var i = 0; i < original.Length; i++)
        {
            _original[first + i] = (float)original[i];
            _noise[first + i] = (float)((_noisy[first + i] - (signal * original[i])) / deviation);
        }
    });

    private ReadOnlySpan<float> Of(float[] numbers, int image) => numbers.AsSpan(image * _length, _length);
}

/// <summary>Draws the noise of an image.</summary>
/// <param name="image">Its place in the batch.</param>
/// <param name="noise">[C][H][W], to be written.</param>
internal delegate void NoiseOfImage(int image, Span<float> noise);
