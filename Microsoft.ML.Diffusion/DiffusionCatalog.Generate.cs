using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Data.Columns;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <content>Generated images as data.</content>
public sealed partial class DiffusionCatalog
{
    /// <summary>Gives images of a model as rows, such as to train another model on; nothing is generated until a consumer asks for an image.</summary>
    /// <param name="model">The model; it must live as long as the rows are read.</param>
    /// <param name="count">Number of rows, at least 1.</param>
    /// <param name="labels">
    /// The classes to generate, indices into <see cref="DiffusionTransformer.ClassNames"/> or -1 for none, in turn: row i is of class
    /// labels[(FirstImage + i) % labels.Count], counted from <see cref="GenerationOptions.FirstImage"/> as images are.
    /// <see langword="null"/> generates all without a class.
    /// </param>
    /// <param name="options">Sampler, seed, guidance and more; <see langword="null"/> uses the model's.</param>
    /// <param name="imageColumnName">The column of <see cref="MLImage"/>, of the model's size.</param>
    /// <param name="labelColumnName">The key column of the classes with their names as key values; there is none if <paramref name="labels"/> is null.</param>
    /// <returns>
    /// The rows. Image i is that of <see cref="DiffusionTransformer.Generate(int, GenerationOptions?)"/> with the same seed, in every cursor and in
    /// any order; it is generated with the rest of its batch when it is asked for, and again by every cursor: Cache what you make of it if you go
    /// through it often.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is below 1, a label is not a class of the model, or an option is outside its range.</exception>
    /// <exception cref="ArgumentException"><paramref name="labels"/> is empty, or both columns have one name.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <example>See <c>samples/Augmentation</c>.</example>
    public IDataView GenerateDataView(
        DiffusionTransformer model,
        int count,
        IReadOnlyList<int>? labels = null,
        GenerationOptions? options = null,
        string imageColumnName = "Image",
        string labelColumnName = "Label")
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrEmpty(imageColumnName);
        ArgumentException.ThrowIfNullOrEmpty(labelColumnName);
        if (count < 1)
        {
            throw new ArgumentOutOfRangeException(
                nameof(count),
                count,
                "count must be at least 1, because it is the number of images to generate.");
        }

        if (labels is { Count: 0 })
        {
            throw new ArgumentException(
                "labels must name at least one class to generate; leave it null to generate without.",
                nameof(labels));
        }

        if (imageColumnName == labelColumnName)
        {
            throw new ArgumentException(
                $"labelColumnName must differ from imageColumnName, but both are '{imageColumnName}'.",
                nameof(labelColumnName));
        }

        options = (options ?? model.Generation).For(model.Schedule);
        options.ValidateFor(model.Schedule, model.Variance);
        model.Inputs.CheckLabels(labels, labels?.Count ?? 0, nameof(labels));
        return new GeneratedDataView(
            model.Model,
            count,
            model.ClassNames.Count > 0 ? labels?.ToArray() : null,
            options,
            Seeds.Resolve(_host, options.Seed),
            (imageColumnName, labelColumnName));
    }

    /// <summary>Gives images of a model as rows, their classes given by name.</summary>
    /// <param name="model">The model; it must live as long as the rows are read.</param>
    /// <param name="count">Number of rows, at least 1.</param>
    /// <param name="classNames">The classes to generate in turn, such as all <see cref="DiffusionTransformer.ClassNames"/> of the model, in any case where that is unambiguous.</param>
    /// <param name="options">Sampler, seed, guidance and more; <see langword="null"/> uses the model's.</param>
    /// <param name="imageColumnName">The column of <see cref="MLImage"/>, of the model's size.</param>
    /// <param name="labelColumnName">The key column of the classes with their names as key values.</param>
    /// <returns>The rows, as those of the other overload.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is below 1, the model knows no class of a name, or an option is outside its range.</exception>
    /// <exception cref="ArgumentException"><paramref name="classNames"/> is empty, or both columns have one name.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public IDataView GenerateDataView(
        DiffusionTransformer model,
        int count,
        IEnumerable<string> classNames,
        GenerationOptions? options = null,
        string imageColumnName = "Image",
        string labelColumnName = "Label")
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(classNames);
        int[] labels = [.. classNames.Select(name => model.Inputs.Label(name, nameof(classNames)))];
        return labels.Length > 0
            ? GenerateDataView(model, count, labels, options, imageColumnName, labelColumnName)
            : throw new ArgumentException("classNames must name at least one class to generate.", nameof(classNames));
    }
}
