using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Generation;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <content>Images from noise.</content>
public sealed partial class DiffusionTransformer
{
    /// <summary>Generates images from noise; a model with classes draws them without one.</summary>
    /// <param name="count">Number of images, from 1 to 1,000,000.</param>
    /// <param name="options">Sampler, seed and more; <see langword="null"/> uses <see cref="Generation"/>.</param>
    /// <returns>The images, the caller's to dispose. Image i depends on the seed and on i + <see cref="GenerationOptions.FirstImage"/> alone.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is below 1 or beyond 1,000,000, or an option is outside its range.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="OperationCanceledException">The token of the options was cancelled.</exception>
    public MLImage[] Generate(int count, GenerationOptions? options = null)
    {
        if (count < 1)
        {
            throw new ArgumentOutOfRangeException(
                nameof(count),
                count,
                "count must be at least 1, because it is the number of images to generate.");
        }

        Check.Require(
            count <= Limits.ImagesAtOnce,
            nameof(count),
            count,
            $"must be at most {Limits.ImagesAtOnce}, because all images are in memory at once. mlContext.Diffusion.GenerateDataView makes them row by row");
        return GenerateImages(count, null, options);
    }

    /// <summary>Generates one image of each class given.</summary>
    /// <param name="labels">Class of each image, an index into <see cref="ClassNames"/>, or -1 for none.</param>
    /// <param name="options">Sampler, seed, guidance and more; <see langword="null"/> uses <see cref="Generation"/>.</param>
    /// <returns>The images, the caller's to dispose. Image i depends on the seed, its class and i + <see cref="GenerationOptions.FirstImage"/> alone.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A label is not a class of the model, or an option is outside its range.</exception>
    /// <exception cref="ArgumentException"><paramref name="labels"/> is empty.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="OperationCanceledException">The token of the options was cancelled.</exception>
    public MLImage[] Generate(IReadOnlyList<int> labels, GenerationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(labels);
        if (labels.Count == 0)
        {
            throw new ArgumentException("labels must name at least one image to generate.", nameof(labels));
        }

        Inputs.CheckLabels(labels, labels.Count, nameof(labels));
        return GenerateImages(labels.Count, labels, options);
    }

    /// <summary>Generates one image of each class given by name.</summary>
    /// <param name="classNames">Class of each image, one of <see cref="ClassNames"/>, in any case where that is unambiguous.</param>
    /// <param name="options">Sampler, seed, guidance and more; <see langword="null"/> uses <see cref="Generation"/>.</param>
    /// <returns>The images, the caller's to dispose. Image i depends on the seed, its class and i + <see cref="GenerationOptions.FirstImage"/> alone.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The model knows no class of that name, or an option is outside its range.</exception>
    /// <exception cref="ArgumentException"><paramref name="classNames"/> is empty.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="OperationCanceledException">The token of the options was cancelled.</exception>
    public MLImage[] Generate(IEnumerable<string> classNames, GenerationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(classNames);
        var inputs = Inputs;
        int[] labels = [.. classNames.Select(name => inputs.Label(name, nameof(classNames)))];
        return labels.Length > 0
            ? GenerateImages(labels.Length, labels, options)
            : throw new ArgumentException("classNames must name at least one image to generate.", nameof(classNames));
    }

    private MLImage[] GenerateImages(int count, IReadOnlyList<int>? labels, GenerationOptions? options)
    {
        using var share = Use();
        var generator = Generator(options);
        return generator.Images(generator.Numbers(count), labels);
    }

    private ImageGenerator Generator(GenerationOptions? options)
    {
        options = (options ?? Generation).For(Schedule);
        options.ValidateFor(Schedule, Variance);
        return new ImageGenerator(_trained.Model, options, Seeds.Resolve(_host, options.Seed));
    }
}
