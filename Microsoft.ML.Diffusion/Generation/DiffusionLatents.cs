using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <summary>
/// Noisy images x_t of a model, all at one timestep: what
/// <see cref="DiffusionTransformer.Encode(IReadOnlyList{Microsoft.ML.Data.MLImage}, GenerationOptions?, IReadOnlyList{int}?)"/> gives and
/// <see cref="DiffusionTransformer.Decode(DiffusionLatents, GenerationOptions?, IReadOnlyList{int}?)"/> takes.
/// </summary>
/// <remarks>Immutable. Images without noise are in [-1, 1]; at t = T-1 the values are close to standard normal.</remarks>
public sealed class DiffusionLatents
{
    private readonly float[] _values;

    /// <summary>Initializes latents from values, which are copied: the way back from arithmetic on <see cref="Values"/>.</summary>
    /// <param name="values">The values, [N, C, H, W] with the last index fastest.</param>
    /// <param name="channels">C, at least 1.</param>
    /// <param name="height">H in pixels, at least 1.</param>
    /// <param name="width">W in pixels, at least 1.</param>
    /// <param name="timestep">The timestep t that the latents are at, at least 0.</param>
    /// <exception cref="ArgumentException">The values are not those of one or more whole images.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A number is too small.</exception>
    public DiffusionLatents(ReadOnlySpan<float> values, int channels, int height, int width, int timestep)
        : this(values.ToArray(), new ImageShape(channels, height, width), timestep)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(timestep);
        if (values.IsEmpty || values.Length % Shape.PixelCount != 0)
        {
            throw new ArgumentException(
                $"values must hold one or more images of {Shape.PixelCount} values each ({Shape}), but there are {values.Length} values.",
                nameof(values));
        }
    }

    private DiffusionLatents(float[] values, ImageShape shape, double timestep)
    {
        (_values, Shape, ExactTimestep) = (values, shape, timestep);
    }

    /// <summary>Gets N, the number of images.</summary>
    public int Count => _values.Length / Shape.PixelCount;

    /// <summary>Gets C, the number of channels.</summary>
    public int Channels => Shape.Channels;

    /// <summary>Gets H, the height in pixels.</summary>
    public int Height => Shape.Height;

    /// <summary>Gets W, the width in pixels.</summary>
    public int Width => Shape.Width;

    /// <summary>Gets t, the timestep that the latents are at: how noisy they are, by the schedule of the model.</summary>
    /// <value>
    /// The nearest where an encoder's levels lie between timesteps;
    /// <see cref="DiffusionTransformer.Decode(DiffusionLatents, GenerationOptions?, IReadOnlyList{int}?)"/> knows the level itself.
    /// </value>
    public int Timestep => (int)Math.Round(ExactTimestep);

    /// <summary>The time that the latents are at, fractional between timesteps.</summary>
    internal double ExactTimestep { get; }

    /// <summary>Gets the timesteps that an encoder walked, which lead back best; <see langword="null"/> where there was no walk.</summary>
    public TimestepSubset? Timesteps { get; private init; }

    /// <summary>Gets the values, [N, C, H, W] with the last index fastest.</summary>
    public ReadOnlyMemory<float> Values => _values;

    internal ImageShape Shape { get; }

    /// <summary>Gets the values of one image.</summary>
    /// <param name="index">Which image, 0..N-1.</param>
    /// <returns>[C, H, W] with the last index fastest.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such image.</exception>
    public ReadOnlyMemory<float> this[int index] => index >= 0 && index < Count
        ? _values.AsMemory(index * Shape.PixelCount, Shape.PixelCount)
        : throw new ArgumentOutOfRangeException(
            nameof(index),
            index,
            $"index must be from 0 to {Count - 1}, because there are {Count} images.");

    /// <inheritdoc/>
    public override string ToString() => $"{Count} latents of {Shape} at timestep {Timestep}";

    internal static DiffusionLatents FromBatch(Batch x, ImageShape shape, double timestep, TimestepSubset? timesteps) =>
        new(x.ToSingle(), shape, timestep) { Timesteps = timesteps };

    internal Batch ToBatch() => Batch.Of(_values, Count);
}
