using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Images;

namespace Microsoft.ML.Diffusion;

/// <content>Images changed.</content>
public sealed partial class DiffusionTransformer
{
    /// <summary>Generates variations of images: noises them to some depth and denoises them (Meng et al. 2022, SDEdit).</summary>
    /// <param name="images">The images, at least one, of the model's size; they stay the caller's.</param>
    /// <param name="strength">How deep, in (0, 1]: the share of the T timesteps that the noise covers. At 1 next to nothing of the image is left.</param>
    /// <param name="options">Sampler, seed and more; <see langword="null"/> uses <see cref="Generation"/>. Of its timesteps the run visits those up to the depth.</param>
    /// <param name="labels">Class to generate each image as, an index into <see cref="ClassNames"/> or -1; <see langword="null"/> generates all without.</param>
    /// <returns>An image for each, the caller's to dispose. It depends on its original, its class, the seed and its index alone.</returns>
    /// <remarks>
    /// The same as <see cref="Decode(DiffusionLatents, GenerationOptions?, IReadOnlyList{int}?)"/> of <see cref="AddNoise"/> at timestep
    /// ceiling(strength T) - 1, with equal seeds.
    /// </remarks>
    /// <exception cref="ArgumentException">There are no images, one has another size, or the labels are not as many as the images.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="strength"/> is not in (0, 1], a label is not a class of the model, or an option is outside its range.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="OperationCanceledException">The token of the options was cancelled.</exception>
    public MLImage[] ImageToImage(
        IReadOnlyList<MLImage> images,
        double strength,
        GenerationOptions? options = null,
        IReadOnlyList<int>? labels = null)
    {
        if (!(strength > 0 && strength <= 1))
        {
            throw new ArgumentOutOfRangeException(
                nameof(strength),
                strength,
                "strength must be in (0, 1], because it is the share of the timesteps that images are noised over.");
        }

        using var share = Use();
        var generator = Generator(options);
        var x0 = Inputs.Images(images, nameof(images));
        Inputs.CheckLabels(labels, images.Count, nameof(labels));
        var timestep = (int)Math.Ceiling(strength * Schedule.NumberOfTrainingTimesteps) - 1;
        return PixelBatches.ToImages(generator.DenoiseFrom(timestep, generator.AddNoise(x0, timestep), labels), Description.Shape);
    }

    /// <summary>Paints a part of images anew, so that it fits the rest (Lugmayr et al. 2022, RePaint).</summary>
    /// <param name="images">The images, at least one, of the model's size; they stay the caller's.</param>
    /// <param name="masks">A mask for each image or one for all, of the model's size: painted where it is light (128 or more of 255), kept where it is dark.</param>
    /// <param name="resamplings">
    /// How often each part of the run but the last step is taken, at least 1: before each repetition the part's noise is added again. More lets the new
    /// part agree better with the old, at as many times the cost; the paper takes 10.
    /// </param>
    /// <param name="options">Sampler, seed and more; <see langword="null"/> uses <see cref="Generation"/>.</param>
    /// <param name="labels">Class to generate each image as, an index into <see cref="ClassNames"/> or -1; <see langword="null"/> generates all without.</param>
    /// <param name="jumpLength">
    /// The number of steps of such a part, at least 1 and, with several resamplings, below the number of steps: how far a jump back goes. Longer jumps let the
    /// new part change what it shows, not only details, at about the same cost; the paper takes 10 of 250 steps.
    /// </param>
    /// <returns>
    /// An image for each, the caller's to dispose: the original's pixels where it is kept. It depends on its original, its mask, its class, the seed
    /// and its index alone.
    /// </returns>
    /// <remarks>
    /// The kept part enters at the right noise level but from outside, so what is painted leans to what would be drawn if nothing were kept, the
    /// less, the more resamplings there are. With a perfect network, where the kept part makes one of two contents 0.4 likely instead of 0.2, 100
    /// steps of DDPM generate it in a share of 0.26 with one resampling, 0.33 with 5 and 0.36 with 10.
    /// </remarks>
    /// <exception cref="ArgumentException">There are no images, one has another size, or the masks or labels are not as many as the images.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="resamplings"/> or <paramref name="jumpLength"/> is outside its range, a label is not a class of the model, or an option is outside its range.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="OperationCanceledException">The token of the options was cancelled.</exception>
    public MLImage[] Inpaint(
        IReadOnlyList<MLImage> images,
        IReadOnlyList<MLImage> masks,
        int resamplings = 1,
        GenerationOptions? options = null,
        IReadOnlyList<int>? labels = null,
        int jumpLength = 1)
    {
        if (resamplings < 1)
        {
            throw new ArgumentOutOfRangeException(
                nameof(resamplings),
                resamplings,
                "resamplings must be at least 1, because it is how often each step is taken.");
        }

        using var share = Use();
        var generator = Generator(options);
        if (jumpLength < 1 || (resamplings > 1 && jumpLength > 1 && jumpLength >= generator.Steps.Count))
        {
            throw new ArgumentOutOfRangeException(
                nameof(jumpLength),
                jumpLength,
                $"jumpLength must be at least 1 and below the number of steps, {generator.Steps.Count}, because a jump goes back over that many steps, and the last is never taken back.");
        }

        var x0 = Inputs.Images(images, nameof(images));
        var painted = Inputs.Masks(masks, images.Count, nameof(masks));
        Inputs.CheckLabels(labels, images.Count, nameof(labels));
        return PixelBatches.ToImages(generator.Inpaint(x0, painted, labels, resamplings, jumpLength), Description.Shape);
    }
}
