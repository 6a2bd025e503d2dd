using Diffusion.Tool.Options;
using Microsoft.AspNetCore.Http;
using Microsoft.ML.Diffusion.Samples;

namespace Diffusion.Tool.Playground;

/// <summary>The samplers by the names that the command line has for them, and the model's own.</summary>
internal static class PlaygroundSamplers
{
    /// <summary>The name of the sampler that a model brings with it.</summary>
    public const string Own = "own";

    private const string TakesEta = "ddim";

    /// <summary>Gets what a page has to know of each.</summary>
    public static IReadOnlyList<object> About { get; } =
    [
        .. OptionNames.Samplers.Select(name => new
        {
            Name = name,
            TakesEta = name == TakesEta,
            Steps = OptionNames.ToSampler(name).Timesteps.NumberOfInferenceSteps,
        }),
    ];

    /// <summary>Finds a sampler.</summary>
    /// <param name="name">Its name, or <see cref="Own"/>.</param>
    /// <param name="steps">The number of steps.</param>
    /// <param name="eta">The share of ddpm's noise that ddim draws.</param>
    /// <param name="model">The model that it is for.</param>
    /// <exception cref="ProblemException">There is none of that name, or eta is of no use to it.</exception>
    public static Sampler Find(string name, int steps, double eta, DiffusionTransformer model) =>
        name != TakesEta && eta != 0
        ? throw new ProblemException(StatusCodes.Status400BadRequest, $"eta must be 0 with the sampler {Short(name)}, because it scales the noise that ddim draws.")
        : name == Own
        ? OwnOf(model, steps)
        : OptionNames.Samplers.Contains(name)
        ? OptionNames.ToSampler(name, steps, eta)
        : throw new ProblemException(StatusCodes.Status400BadRequest, $"sampler must be {Own}, {string.Join(", ", OptionNames.Samplers.SkipLast(1))} or {OptionNames.Samplers[^1]}, but is '{Short(name)}'.");

    /// <summary>The name of a model's own sampler, where the page can ask for the same by it.</summary>
    public static string NameOf(DiffusionTransformer model)
    {
        var own = model.Generation.Sampler;
        var (steps, eta) = (own.Timesteps.NumberOfInferenceSteps, (own as DdimSampler)?.Eta ?? 0);
        return OptionNames.Samplers.FirstOrDefault(name => (eta == 0 || name == TakesEta) && OptionNames.ToSampler(name, steps, eta) == own) ?? Own;
    }

    /// <summary>How often a run calls the network: guided calls are of twice the images.</summary>
    public static int CallsOf(Sampler sampler)
    {
        var steps = sampler.Timesteps.NumberOfInferenceSteps;
        return sampler is HeunSampler ? (2 * steps) - 1 : steps; // its last step, into the clean image, is Euler's
    }

    private static Sampler OwnOf(DiffusionTransformer model, int steps)
    {
        var own = model.Generation.Sampler;
        return steps == own.Timesteps.NumberOfInferenceSteps ? own : own with { Timesteps = SamplerOptions.SpacingOf(own, steps) };
    }

    private static string Short(string text) => text.Length > 40 ? $"{text[..40]}..." : text;
}
