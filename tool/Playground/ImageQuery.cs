using Microsoft.AspNetCore.Http;

namespace Diffusion.Tool.Playground;

/// <summary>Images that a page asks for.</summary>
internal sealed record ImageQuery
{
    /// <summary>The most images at once.</summary>
    public const int MostImages = 16;

    /// <summary>The most steps.</summary>
    public const int MostSteps = 1000;

    /// <summary>The most steps of all images together, those that are guided twice: some minutes of a small model.</summary>
    public const int MostWork = 16_000;

    private const double MostGuidance = 20;

    public int Model { get; init; }

    /// <summary>Gets the index of the class; <see langword="null"/> for none.</summary>
    public int? Class { get; init; }

    public long Seed { get; init; }

    public string Sampler { get; init; } = PlaygroundSamplers.Own;

    public int Steps { get; init; } = 50;

    public double Eta { get; init; }

    public double Guidance { get; init; } = 1;

    public int Count { get; init; } = 1;

    /// <summary>Checks all of it.</summary>
    /// <exception cref="ProblemException">Something is outside its range.</exception>
    public ImageRun Resolve(IReadOnlyList<ServedModel> models)
    {
        var served = ModelOf(models, Model);
        CheckClass(served, Class);
        Require(Count is >= 1 and <= MostImages, $"count must be from 1 to {MostImages}, because a page shows so many, but is {Count}.");
        Require(Steps is >= 1 and <= MostSteps, $"steps must be from 1 to {MostSteps}, but is {Steps}.");
        Require(Guidance is >= 0 and <= MostGuidance, FormattableString.Invariant($"guidance must be from 0 to {MostGuidance}, but is {Guidance}."));
        var work = Count * Steps * (Class is not null && Guidance is not (0 or 1) ? 2 : 1);
        Require(work <= MostWork, $"count times steps, guided ones twice, must be at most {MostWork}, because all pages wait for it, but is {work}.");

        var sampler = PlaygroundSamplers.Find(Sampler, Steps, Eta, served.Transformer);
        _ = sampler.AlphaBars(served.Transformer.Schedule); // the model may have fewer timesteps
        var options = served.Transformer.Generation with { Sampler = sampler, Seed = Seed, GuidanceScale = Guidance };
        return new ImageRun(served, options, Class, Count);
    }

    /// <summary>Finds the model.</summary>
    public static ServedModel ModelOf(IReadOnlyList<ServedModel> models, int index)
    {
        Require(index >= 0 && index < models.Count, $"model must be from 0 to {models.Count - 1}, but is {index}.");
        return models[index];
    }

    /// <summary>Checks that the model has the class.</summary>
    public static void CheckClass(ServedModel served, int? label)
    {
        var classes = served.Transformer.ClassNames.Count;
        Require(
            label is null || (label >= 0 && label < classes),
            classes == 0 ? "class must be left out, because the model knows none." : $"class must be from 0 to {classes - 1}, but is {label}.");
    }

    /// <summary>Refuses what is outside its range.</summary>
    public static void Require(bool holds, string detail)
    {
        if (!holds)
        {
            throw new ProblemException(StatusCodes.Status400BadRequest, detail);
        }
    }
}
