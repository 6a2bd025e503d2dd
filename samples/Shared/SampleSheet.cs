using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Samples;

/// <summary>Pictures out of noise, of every class that the model knows.</summary>
public static class SampleSheet
{
    /// <summary>Draws pictures, the classes one after another if the model knows any: what one page shows.</summary>
    /// <param name="model">The model.</param>
    /// <param name="count">Number of pictures, at least 1.</param>
    /// <param name="options">Sampler, seed and more.</param>
    /// <returns>The pictures, the caller's to dispose; <see cref="ImageGrid"/> lays them out.</returns>
    public static MLImage[] Draw(DiffusionTransformer model, int count, GenerationOptions options)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Draw(model, count, i => ClassOf(model, count, i), options);
    }

    /// <summary>Draws pictures of each class in turn, if the model knows any: what a folder of single files holds.</summary>
    /// <inheritdoc cref="Draw(DiffusionTransformer, int, GenerationOptions)" path="/param|/returns"/>
    public static MLImage[] DrawInTurn(DiffusionTransformer model, int count, GenerationOptions options)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Draw(model, count, i => i % model.ClassNames.Count, options);
    }

    /// <summary>Says which pictures of a sheet show what, such as "1-7 Ankle boot, 8-13 Bag".</summary>
    /// <param name="model">The model.</param>
    /// <param name="count">Number of pictures of the sheet.</param>
    public static string Describe(DiffusionTransformer model, int count)
    {
        ArgumentNullException.ThrowIfNull(model);
        var classes = Enumerable.Range(0, count).GroupBy(i => model.ClassNames.Count == 0 ? -1 : ClassOf(model, count, i), i => i + 1);
        return model.ClassNames.Count == 0
            ? $"{count} pictures drawn from noise"
            : string.Join(", ", classes.Select(pictures => $"{Range(pictures.First(), pictures.Last())} {model.ClassNames[pictures.Key]}"));
    }

    /// <summary>Whether two sets of pictures agree in every pixel.</summary>
    public static bool AreEqual(IReadOnlyList<MLImage> first, IReadOnlyList<MLImage> second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        return first.Count == second.Count
            && first.Zip(second).All(
                pair => pair.First.PixelFormat == pair.Second.PixelFormat && pair.First.Pixels.SequenceEqual(pair.Second.Pixels));
    }

    internal static int ClassOf(DiffusionTransformer model, int count, int picture) =>
        (int)((long)picture * model.ClassNames.Count / count);

    private static MLImage[] Draw(
        DiffusionTransformer model,
        int count,
        Func<int, int> classOf,
        GenerationOptions options) => model.ClassNames.Count == 0
        ? model.Generate(count, options)
        : model.Generate([.. Enumerable.Range(0, count).Select(classOf)], options);

    private static string Range(int first, int last) => first == last ? $"{first}" : $"{first}-{last}";
}
