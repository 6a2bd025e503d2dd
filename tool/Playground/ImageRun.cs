using Microsoft.ML.Data;

namespace Diffusion.Tool.Playground;

/// <summary>Images that are going to be generated.</summary>
/// <param name="Served">By which model.</param>
/// <param name="Options">How.</param>
/// <param name="Class">The index of the class of all; <see langword="null"/> for none.</param>
/// <param name="Count">How many.</param>
internal sealed record ImageRun(ServedModel Served, GenerationOptions Options, int? Class, int Count)
{
    /// <summary>Gets the number of steps.</summary>
    public int Steps => Options.Sampler.Timesteps.NumberOfInferenceSteps;

    /// <summary>Generates.</summary>
    /// <param name="observer">Is told each step.</param>
    /// <param name="cancellationToken">Ends it after the step.</param>
    /// <returns>The images, the caller's to dispose.</returns>
    public MLImage[] Generate(Action<SamplingSnapshot>? observer, CancellationToken cancellationToken)
    {
        var options = Options with { Observer = observer, CancellationToken = cancellationToken };
        return Class is { } label
            ? Served.Transformer.Generate([.. Enumerable.Repeat(label, Count)], options)
            : Served.Transformer.Generate(Count, options);
    }

    /// <summary>Of the images of a batch those that were asked for: a network that rounds by the size of its batch has the last one filled up.</summary>
    /// <param name="images">The images of a snapshot; others are disposed.</param>
    /// <param name="first">The index of the first.</param>
    public MLImage[] Asked(MLImage[] images, int first)
    {
        var asked = Math.Min(images.Length, Count - first);
        Array.ForEach(images[asked..], image => image.Dispose());
        return images[..asked];
    }

    /// <summary>The steps of which a page keeps the images: the first, the last, and others evenly between them.</summary>
    /// <param name="most">The most of them, at least 2.</param>
    public HashSet<int> Kept(int most)
    {
        var count = Math.Min(Steps, most);
        return count == 1 ? [0] : [.. Enumerable.Range(0, count).Select(i => (int)Math.Round((double)i * (Steps - 1) / (count - 1)))];
    }
}
