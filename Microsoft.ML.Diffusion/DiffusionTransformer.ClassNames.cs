using System.Runtime.CompilerServices;
using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion;

/// <content>Images encoded and changed as those of classes given by name.</content>
public sealed partial class DiffusionTransformer
{
    /// <summary>Finds the number of a class, where options such as <see cref="LikelihoodOptions.Labels"/> want numbers.</summary>
    /// <param name="className">One of <see cref="ClassNames"/>, in any case where that is unambiguous.</param>
    /// <returns>Its index in <see cref="ClassNames"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The model knows no class of that name; the message suggests the nearest.</exception>
    public int LabelOf(string className)
    {
        ArgumentNullException.ThrowIfNull(className);
        return Inputs.Label(className, nameof(className));
    }

    /// <param name="images">The images, at least one, of the model's size; they stay the caller's.</param>
    /// <param name="classNames">Class of each image, one of <see cref="ClassNames"/>, in any case where that is unambiguous.</param>
    /// <param name="options">As for the other overload.</param>
    /// <inheritdoc cref="Encode(IReadOnlyList{MLImage}, GenerationOptions?, IReadOnlyList{int}?)"/>
    [OverloadResolutionPriority(-1)] // null and new() are options
    public DiffusionLatents Encode(IReadOnlyList<MLImage> images, IEnumerable<string> classNames, GenerationOptions? options = null) =>
        Encode(images, options, Labels(classNames, images?.Count));

    /// <param name="latents">What <see cref="Encode(IReadOnlyList{MLImage}, GenerationOptions?, IReadOnlyList{int}?)"/> or <see cref="AddNoise"/> of this model gave, or arithmetic on it.</param>
    /// <param name="classNames">Class of each image, one of <see cref="ClassNames"/>, in any case where that is unambiguous.</param>
    /// <param name="options">As for the other overload.</param>
    /// <inheritdoc cref="Decode(DiffusionLatents, GenerationOptions?, IReadOnlyList{int}?)"/>
    [OverloadResolutionPriority(-1)]
    public MLImage[] Decode(DiffusionLatents latents, IEnumerable<string> classNames, GenerationOptions? options = null) =>
        Decode(latents, options, Labels(classNames, latents?.Count));

    /// <param name="images">The images, at least one, of the model's size; they stay the caller's.</param>
    /// <param name="classNames">Class of each image, one of <see cref="ClassNames"/>, in any case where that is unambiguous.</param>
    /// <param name="options">As for the other overload.</param>
    /// <inheritdoc cref="ReconstructionError(IReadOnlyList{MLImage}, GenerationOptions?, IReadOnlyList{int}?)"/>
    [OverloadResolutionPriority(-1)]
    public double[] ReconstructionError(IReadOnlyList<MLImage> images, IEnumerable<string> classNames, GenerationOptions? options = null) =>
        ReconstructionError(images, options, Labels(classNames, images?.Count));

    /// <param name="images">The images, at least one, of the model's size; they stay the caller's.</param>
    /// <param name="strength">How deep, in (0, 1]: the share of the T timesteps that the noise covers. At 1 next to nothing of the image is left.</param>
    /// <param name="classNames">Class to generate each image as, one of <see cref="ClassNames"/>, in any case where that is unambiguous.</param>
    /// <param name="options">Sampler, seed and more; <see langword="null"/> uses <see cref="Generation"/>. Of its timesteps the run visits those up to the depth.</param>
    /// <inheritdoc cref="ImageToImage(IReadOnlyList{MLImage}, double, GenerationOptions?, IReadOnlyList{int}?)"/>
    [OverloadResolutionPriority(-1)]
    public MLImage[] ImageToImage(
        IReadOnlyList<MLImage> images,
        double strength,
        IEnumerable<string> classNames,
        GenerationOptions? options = null) =>
        ImageToImage(images, strength, options, Labels(classNames, images?.Count));

    /// <param name="images">The images, at least one, of the model's size; they stay the caller's.</param>
    /// <param name="masks">A mask for each image or one for all, of the model's size: painted where it is light (128 or more of 255), kept where it is dark.</param>
    /// <param name="classNames">Class to generate each image as, one of <see cref="ClassNames"/>, in any case where that is unambiguous.</param>
    /// <param name="resamplings">As for the other overload.</param>
    /// <param name="options">Sampler, seed and more; <see langword="null"/> uses <see cref="Generation"/>.</param>
    /// <param name="jumpLength">As for the other overload.</param>
    /// <inheritdoc cref="Inpaint(IReadOnlyList{MLImage}, IReadOnlyList{MLImage}, int, GenerationOptions?, IReadOnlyList{int}?, int)"/>
    [OverloadResolutionPriority(-1)]
    public MLImage[] Inpaint(
        IReadOnlyList<MLImage> images,
        IReadOnlyList<MLImage> masks,
        IEnumerable<string> classNames,
        int resamplings = 1,
        GenerationOptions? options = null,
        int jumpLength = 1) =>
        Inpaint(images, masks, resamplings, options, Labels(classNames, images?.Count), jumpLength);

    // The classes of names, as many as the images: checked here, so that messages say classNames.
    private int[] Labels(IEnumerable<string> classNames, int? images)
    {
        ArgumentNullException.ThrowIfNull(classNames);
        var inputs = Inputs;
        int[] labels = [.. classNames.Select(name => inputs.Label(name, nameof(classNames)))];
        inputs.CheckLabels(labels, images ?? labels.Length, nameof(classNames));
        return labels;
    }
}
