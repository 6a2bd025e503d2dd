using System.Numerics.Tensors;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Generation;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samplers;

namespace Microsoft.ML.Diffusion;

/// <content>Images to latents and back.</content>
public sealed partial class DiffusionTransformer
{
    /// <summary>Finds the noise that generates given images, by walking DDIM's steps upward (Song et al. 2021, section 4.3).</summary>
    /// <param name="images">The images, at least one, of the model's size; they stay the caller's.</param>
    /// <param name="options">
    /// The sampler, which must be DDIM with eta 0, and more, without guidance above 1; <see langword="null"/> uses <see cref="Generation"/>, whose guidance
    /// above 1 is then left out, and where its sampler is another one, DDIM with 50 steps.
    /// </param>
    /// <param name="labels">Class of each image, an index into <see cref="ClassNames"/> or -1; <see langword="null"/> encodes all without.</param>
    /// <returns>x at the sampler's highest timestep, one for each image. The seed plays no part.</returns>
    /// <remarks>
    /// The walk takes the sampler's own timesteps, from a clean image (alpha-bar 1) through the lowest to the highest. On the step from s up to t the
    /// network is asked at s, the level that x is at, and for the clean image at timestep 0: the Euler step of DDIM's differential equation (eq. 14);
    /// <see cref="DdimSampler.InversionLevel"/> has another rule. Predicted images are not clipped. What
    /// <see cref="Decode(DiffusionLatents, GenerationOptions?, IReadOnlyList{int}?)"/> gives back then differs by the change of the slope within a
    /// step alone, and by what its sampler clips: less, the more steps there are.
    /// </remarks>
    /// <exception cref="ArgumentException">There are no images, one has another size, or the labels are not as many as the images.</exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The sampler is not DDIM with eta 0, guidance is above 1, a label is not a class of the model, or an option is outside its range.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="OperationCanceledException">The token of the options was cancelled.</exception>
    public DiffusionLatents Encode(IReadOnlyList<MLImage> images, GenerationOptions? options = null, IReadOnlyList<int>? labels = null)
    {
        using var share = Use();
        var (generator, sampler) = Encoder(options);
        var x0 = Inputs.Images(images, nameof(images));
        Inputs.CheckLabels(labels, images.Count, nameof(labels));
        return DiffusionLatents.FromBatch(
            generator.Encode(x0, labels),
            Description.Shape,
            generator.HighestTimestep,
            sampler.Timesteps);
    }

    /// <summary>Generates the images that latents stand for.</summary>
    /// <param name="latents">What <see cref="Encode(IReadOnlyList{MLImage}, GenerationOptions?, IReadOnlyList{int}?)"/> or <see cref="AddNoise"/> of this model gave, or arithmetic on it.</param>
    /// <param name="options">
    /// The sampler and more; its run begins at the latents' timestep and goes on through those of its own that lie below. <see langword="null"/> uses
    /// DDIM with eta 0 over the timesteps of the encoder, without guidance above 1, and <see cref="Generation"/> for latents that come from no walk.
    /// </param>
    /// <param name="labels">Class of each image, an index into <see cref="ClassNames"/> or -1; <see langword="null"/> decodes all without.</param>
    /// <returns>An image for each, the caller's to dispose. It depends on its latent, its class, the seed and its index alone.</returns>
    /// <exception cref="ArgumentException">The latents are of images of another size, or the labels are not as many.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The model has no such timestep or class, or an option is outside its range.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="OperationCanceledException">The token of the options was cancelled.</exception>
    public MLImage[] Decode(DiffusionLatents latents, GenerationOptions? options = null, IReadOnlyList<int>? labels = null)
    {
        ArgumentNullException.ThrowIfNull(latents);
        using var share = Use();
        options ??= latents.Timesteps is { } timesteps ? Unguided with { Sampler = new DdimSampler { Timesteps = timesteps } } : Generation;
        var generator = Generator(options);
        Inputs.CheckLatents(latents, nameof(latents));
        Inputs.CheckLabels(labels, latents.Count, nameof(labels));
        return PixelBatches.ToImages(
            generator.DenoiseFrom(latents.ExactTimestep, latents.ToBatch(), labels),
            Description.Shape);
    }

    /// <summary>Draws the noise x_T that generation starts from: what is between the latents of two seeds leads to images between theirs.</summary>
    /// <param name="count">Number of latents, from 1 to 1,000,000.</param>
    /// <param name="options">
    /// The seed, and the sampler, whose highest timestep the latents are at; <see langword="null"/> uses <see cref="Generation"/>.
    /// </param>
    /// <returns>
    /// Standard normal values. <see cref="Decode(DiffusionLatents, GenerationOptions?, IReadOnlyList{int}?)"/> with the same options and the same seed gives the
    /// images of <see cref="Generate(int, GenerationOptions?)"/>; latent i depends on the seed and i alone.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is below 1 or beyond 1,000,000, or an option is outside its range.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public DiffusionLatents DrawLatents(int count, GenerationOptions? options = null)
    {
        Check.Require(
            count is >= 1 and <= Limits.ImagesAtOnce,
            nameof(count),
            count,
            $"must be from 1 to {Limits.ImagesAtOnce}, because all latents are in memory at once");
        using var share = Use();
        var generator = Generator(options);
        return DiffusionLatents.FromBatch(generator.Start(count), Description.Shape, generator.HighestTimestep, timesteps: null);
    }

    /// <summary>Draws noisy images from q(x_t | x_0), the stochastic encoder (Ho et al. 2020, eq. 4).</summary>
    /// <param name="images">The images, at least one, of the model's size; they stay the caller's.</param>
    /// <param name="timestep">t, in 0..T-1: the higher, the less is left of the image.</param>
    /// <param name="seed">The seed of the noise; <see langword="null"/> takes that of the <see cref="MLContext"/>, or a fresh one that is reported in its log.</param>
    /// <returns>x_t, one for each image. Its noise depends on the seed and its index alone.</returns>
    /// <exception cref="ArgumentException">There are no images, or one has another size.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="timestep"/> is outside its range.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public DiffusionLatents AddNoise(IReadOnlyList<MLImage> images, int timestep, long? seed = null)
    {
        Inputs.CheckTimestep(timestep, nameof(timestep));
        using var share = Use();
        var x0 = Inputs.Images(images, nameof(images));
        return DiffusionLatents.FromBatch(
            Generator(Generation with { Seed = seed }).AddNoise(x0, timestep),
            Description.Shape,
            timestep,
            null);
    }

    /// <summary>
    /// Measures how well <see cref="Decode(DiffusionLatents, GenerationOptions?, IReadOnlyList{int}?)"/> gives back what
    /// <see cref="Encode(IReadOnlyList{MLImage}, GenerationOptions?, IReadOnlyList{int}?)"/> was given (Song et al. 2021, table 2).
    /// </summary>
    /// <param name="images">The images, at least one, of the model's size; they stay the caller's.</param>
    /// <param name="options">As for <see cref="Encode(IReadOnlyList{MLImage}, GenerationOptions?, IReadOnlyList{int}?)"/>; guidance above 1 would make the error larger, at large scales a hundred times.</param>
    /// <param name="labels">Class of each image, an index into <see cref="ClassNames"/> or -1; <see langword="null"/> takes all without.</param>
    /// <returns>
    /// For each image the mean, over its pixels and channels, of the squared difference of colours in [0, 1], before these are rounded to 256 levels.
    /// Their average is the table's number.
    /// </returns>
    /// <exception cref="ArgumentException">There are no images, one has another size, or the labels are not as many as the images.</exception>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The sampler is not DDIM with eta 0, guidance is above 1, a label is not a class of the model, or an option is outside its range.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="OperationCanceledException">The token of the options was cancelled.</exception>
    public double[] ReconstructionError(IReadOnlyList<MLImage> images, GenerationOptions? options = null, IReadOnlyList<int>? labels = null)
    {
        using var share = Use();
        var generator = Encoder(options).Generator;
        var x0 = Inputs.Images(images, nameof(images));
        Inputs.CheckLabels(labels, images.Count, nameof(labels));
        var again = generator.Denoise(generator.Encode(x0, labels), labels);
        var differences = Batch.Quotient(2, (1, again), (-1, x0));
        return [.. Enumerable.Range(0, x0.Count).Select(i => TensorPrimitives.SumOfSquares<double>(differences[i]) / x0.Length)];
    }

    // Guidance pushes x off the path that leads to an image.
    private GenerationOptions Unguided => Generation.GuidanceScale > 1 ? Generation with { GuidanceScale = 1 } : Generation;

    private (ImageGenerator Generator, DdimSampler Sampler) Encoder(GenerationOptions? options)
    {
        options = (options ?? Unguided with { Sampler = DdimInversion.SamplerOf(Generation.Sampler, Schedule) }).For(Schedule);
        if (options.GuidanceScale > 1)
        {
            throw new ArgumentOutOfRangeException(
                nameof(GenerationOptions.GuidanceScale),
                options.GuidanceScale,
                "GuidanceScale must be at most 1 to encode, because guidance pushes x off the path that leads to an image, and at large scales it does not come back, whatever the number of steps. Set it to 1 here; Decode takes any.");
        }

        return options.Sampler is DdimSampler { IsStochastic: false } sampler
            ? (Generator(options), sampler)
            : throw new ArgumentOutOfRangeException(
                nameof(GenerationOptions.Sampler),
                options.Sampler,
                "Sampler must be DdimSampler with eta 0 to encode, because its steps alone can be walked upward.");
    }
}
