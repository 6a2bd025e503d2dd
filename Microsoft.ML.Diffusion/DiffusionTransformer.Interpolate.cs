using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Generation;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <content>Images on the way from one to another.</content>
public sealed partial class DiffusionTransformer
{
    /// <summary>Generates images on the way from one image to another.</summary>
    /// <param name="imageA">The image to start from; of the model's size.</param>
    /// <param name="imageB">The image to end at; of the model's size.</param>
    /// <param name="count">Number of images, from 2 to 1,000,000; both ends are among them, as the model reconstructs them.</param>
    /// <param name="options">Path, sampler and more; <see langword="null"/> uses the defaults.</param>
    /// <returns>The images from A to B, the caller's to dispose.</returns>
    /// <exception cref="ArgumentException">An image has another size.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is below 2 or beyond 1,000,000, or an option is outside its range.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="OperationCanceledException">The token of the options was cancelled.</exception>
    public MLImage[] Interpolate(MLImage imageA, MLImage imageB, int count, InterpolationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(imageA);
        ArgumentNullException.ThrowIfNull(imageB);
        CheckCount(count);
        var inputs = Inputs;
        return BetweenImages(
            [inputs.Pixels(imageA, nameof(imageA), nameof(imageA)), inputs.Pixels(imageB, nameof(imageB), nameof(imageB))],
            Interpolator.Alphas(count),
            options);
    }

    /// <summary>Generates images on the way from the first image of one seed to that of another.</summary>
    /// <param name="seedA">Seed of the first image, which <see cref="Generate(int, GenerationOptions?)"/> gives for it.</param>
    /// <param name="seedB">Seed of the last image.</param>
    /// <param name="count">Number of images, from 2 to 1,000,000; both ends are among them.</param>
    /// <param name="options">Sampler and more; the path must be spherical. <see langword="null"/> uses the defaults.</param>
    /// <returns>The images from A to B, the caller's to dispose.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is below 2 or beyond 1,000,000, or an option is outside its range.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="OperationCanceledException">The token of the options was cancelled.</exception>
    public MLImage[] Interpolate(long seedA, long seedB, int count, InterpolationOptions? options = null)
    {
        CheckCount(count);
        return BetweenSeeds([(seedA, seedB)], Interpolator.Alphas(count), options);
    }

    /// <summary>Generates a grid of interpolations: a row for each pair of seeds, a column for each place on the way from the one to the other.</summary>
    /// <param name="pairs">The seeds of each row's ends, which <see cref="Generate(int, GenerationOptions?)"/> gives as their first images; at least one pair.</param>
    /// <param name="alphas">The places, each from 0, the first seed's image, to 1, the second's; at least one.</param>
    /// <param name="options">Sampler and more; the path must be spherical. <see langword="null"/> uses the defaults.</param>
    /// <returns>
    /// The images row by row, the caller's to dispose; <see cref="ImageGrid.Create"/> with as many columns as there are alphas lays them out. An image
    /// depends on its pair and its alpha alone.
    /// </returns>
    /// <exception cref="ArgumentException"><paramref name="pairs"/> or <paramref name="alphas"/> is empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An alpha is not in [0, 1], or an option is outside its range.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="OperationCanceledException">The token of the options was cancelled.</exception>
    public MLImage[] InterpolateGrid(
        IReadOnlyList<(long SeedA, long SeedB)> pairs,
        IReadOnlyList<double> alphas,
        InterpolationOptions? options = null)
    {
        CheckGrid(pairs, alphas);
        return BetweenSeeds(pairs, alphas, options);
    }

    /// <summary>Generates a grid of interpolations: a row for each pair of images, a column for each place on the way from the one to the other.</summary>
    /// <param name="pairs">The images of each row's ends, of the model's size, which stay the caller's; at least one pair.</param>
    /// <param name="alphas">
    /// The places (lambda of Ho et al. 2020, section 4.4, alpha of Song et al. 2021, appendix D.5): each from 0, the first image as the model
    /// reconstructs it, to 1, the second; at least one.
    /// </param>
    /// <param name="options">Path, sampler and more; <see langword="null"/> uses the defaults.</param>
    /// <returns>
    /// The images row by row, the caller's to dispose; <see cref="ImageGrid.Create"/> with as many columns as there are alphas lays them out. An image
    /// depends on its pair and its alpha alone.
    /// </returns>
    /// <exception cref="ArgumentException"><paramref name="pairs"/> or <paramref name="alphas"/> is empty, or an image has another size.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An alpha is not in [0, 1], or an option is outside its range.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="OperationCanceledException">The token of the options was cancelled.</exception>
    public MLImage[] InterpolateGrid(
        IReadOnlyList<(MLImage ImageA, MLImage ImageB)> pairs,
        IReadOnlyList<double> alphas,
        InterpolationOptions? options = null)
    {
        CheckGrid(pairs, alphas);
        var inputs = Inputs;
        var ends =
            pairs.SelectMany(
                (pair, i) => new[] { (pair.ImageA, $"{nameof(pairs)}[{i}].ImageA"), (pair.ImageB, $"{nameof(pairs)}[{i}].ImageB") });
        return BetweenImages(
            [.. ends.Select(end => inputs.Pixels(end.Item1 ?? throw new ArgumentNullException(end.Item2), end.Item2, nameof(pairs)))],
            alphas,
            options);
    }

    private MLImage[] BetweenImages(byte[][] ends, IReadOnlyList<double> alphas, InterpolationOptions? options)
    {
        using var share = Use();
        var (interpolator, shape) = (CreateInterpolator(options), Description.Shape);
        return PixelBatches.ToImages(interpolator.BetweenImages(PixelBatches.FromBytes(ends), alphas), shape);
    }

    private MLImage[] BetweenSeeds(
        IReadOnlyList<(long SeedA, long SeedB)> pairs,
        IReadOnlyList<double> alphas,
        InterpolationOptions? options)
    {
        if (options is { Path: InterpolationPath.Linear })
        {
            throw new ArgumentOutOfRangeException(
                nameof(InterpolationOptions.Path),
                options.Path,
                "Path must be Spherical between seeds, because a linear path leads between images.");
        }

        using var share = Use();
        return PixelBatches.ToImages(CreateInterpolator(options).BetweenSeeds(pairs, alphas), Description.Shape);
    }

    private static void CheckGrid<T>(IReadOnlyList<T> pairs, IReadOnlyList<double> alphas)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        ArgumentNullException.ThrowIfNull(alphas);
        if (pairs.Count == 0 || alphas.Count == 0)
        {
            throw new ArgumentException("A grid needs at least one pair and one alpha.", pairs.Count == 0 ? nameof(pairs) : nameof(alphas));
        }

        foreach (var alpha in alphas)
        {
            if (!(alpha >= 0 && alpha <= 1))
            {
                throw new ArgumentOutOfRangeException(
                    nameof(alphas),
                    alpha,
                    "alphas must be in [0, 1], because they say how far an image is on the way from the first end to the second.");
            }
        }
    }

    private static void CheckCount(int count)
    {
        if (count < 2)
        {
            throw new ArgumentOutOfRangeException(
                nameof(count),
                count,
                "count must be at least 2, because both ends are among the images.");
        }

        Check.Require(
            count <= Limits.ImagesAtOnce,
            nameof(count),
            count,
            $"must be at most {Limits.ImagesAtOnce}, because all images are in memory at once");
    }

    private Interpolator CreateInterpolator(InterpolationOptions? options)
    {
        options ??= new InterpolationOptions();
        options.ValidateFor(Schedule);
        options = options with
        {
            Label = Class((options.Label, nameof(InterpolationOptions.Label)), (options.ClassName, nameof(InterpolationOptions.ClassName))),
            LabelA = Class(
                (options.LabelA, nameof(InterpolationOptions.LabelA)),
                (options.ClassNameA, nameof(InterpolationOptions.ClassNameA))),
            LabelB = Class(
                (options.LabelB, nameof(InterpolationOptions.LabelB)),
                (options.ClassNameB, nameof(InterpolationOptions.ClassNameB))),
        };

        var generation = options.Generation(Schedule);
        generation.ValidateFor(Schedule, Variance);
        return new Interpolator(
            _trained.Model,
            options,
            generation,
            options.Path == InterpolationPath.Linear ? Seeds.Resolve(_host, options.Seed) : 0);
    }

    private int? Class((int? Value, string Option) label, (string? Value, string Option) name)
    {
        if (name.Value is not null && label.Value is not null)
        {
            throw new ArgumentOutOfRangeException(
                name.Option,
                name.Value,
                $"{name.Option} must be null where {label.Option} is set, because both say which class to generate.");
        }

        if (name.Value is not null)
        {
            return Inputs.Label(name.Value, name.Option);
        }

        Inputs.CheckLabel(label.Value ?? -1, label.Option);
        return label.Value;
    }
}
