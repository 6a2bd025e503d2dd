using Microsoft.ML.Diffusion.Samples;

namespace Diffusion.Tool.Playground;

/// <summary>The samplers by the names that the command line has for them.</summary>
internal static class PlaygroundSamplers
{
    /// <summary>What a page has to know of each: those that draw noise of their own make a run depend on more than its start.</summary>
    public static IReadOnlyList<object> About { get; } =
    [
        .. OptionNames.Samplers.Select(name => new
        {
            Name = name,
            TakesEta = name == "ddim",
            Steps = OptionNames.ToSampler(name).Timesteps.NumberOfInferenceSteps,
        }),
    ];

    /// <summary>The name of a model's own sampler; <see langword="null"/> for one of somebody's program.</summary>
    public static string? NameOf(Sampler sampler) => sampler switch
    {
        DdimSampler => "ddim",
        DdpmSampler => "ddpm",
        DpmSolverSampler solver => solver.IsStochastic ? "sde-dpm-solver" : "dpm-solver",
        UniPcSampler => "unipc",
        HeunSampler => "heun",
        EulerSampler => "euler",
        _ => null,
    };
}
