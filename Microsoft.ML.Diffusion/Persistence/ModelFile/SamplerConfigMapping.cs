using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Model;

namespace Microsoft.ML.Diffusion.Persistence.ModelFile;

/// <summary>How a model generates, to and from its record in config.json.</summary>
internal static class SamplerConfigMapping
{
    /// <summary>Says whether a file can hold a sampler.</summary>
    public static bool CanSave(Sampler sampler) => NameOf(sampler) is not null;

    /// <exception cref="NotSupportedException">The sampler is not of this library.</exception>
    public static SamplerConfig ToConfig(GenerationOptions options) => new(
        NameOf(options.Sampler)
            ?? throw new NotSupportedException(
                $"Generation.Sampler must be a sampler of the library in a file, because files hold no code, but is {options.Sampler.GetType().Name}. Save model.WithGeneration(...) with another, and pass yours in the GenerationOptions of each call."),
        options.Sampler.Timesteps.Spacing,
        options.Sampler.Timesteps.NumberOfInferenceSteps,
        options.Sampler.Timesteps.ExplicitTimesteps?.ToArray(),
        (options.Sampler as DdimSampler)?.Eta ?? 0,
        (options.Sampler as DdimSampler)?.UseSigmaHat ?? false,
        FileNames.StepVariances[(options.Sampler as DdpmSampler)?.Variance ?? DdpmVariance.FixedSmall],
        FileNames.Clippings[options.Sampler.Clipping.Kind],
        options.Sampler.Clipping.Range,
        options.Sampler.Clipping.Ratio,
        !options.Sampler.Clipping.KeepPredictedNoise,
        options.GuidanceScale,
        options.BatchSize,
        options.Seed,
        options.Sampler.Timesteps.Levels?.Rho,
        options.Sampler.Timesteps.PreviousTimesteps?.ToArray(),
        options.Sampler.Timesteps.Levels?.SigmaMax ?? double.PositiveInfinity,
        options.Sampler.Timesteps.Levels?.SigmaMin,
        FileNames.InversionLevels[(options.Sampler as DdimSampler)?.InversionLevel ?? InversionLevel.Lower],
        options.GuidanceRescale,
        options.GuidanceSigmaMin,
        options.GuidanceSigmaMax,
        (options.Sampler as UniPcSampler)?.Order ?? UniPcSampler.DefaultOrder);

    /// <param name="config">The record.</param>
    /// <param name="model">What generates.</param>
    /// <param name="inversion">What a file means that is older than the choice of a level to invert at.</param>
    /// <exception cref="FormatException">A value is impossible.</exception>
    public static GenerationOptions ToOptions(
        SamplerConfig config,
        ModelDescription model,
        InversionLevel inversion = InversionLevel.Lower) => ModelConfigMapping.Decode(() =>
    {
        var variance =
            FileNames.StepVariances.Find(config.VarianceType)
                ?? throw new FormatException($"the sampler's variance type '{config.VarianceType}' is not known.");
        Sampler sampler = config.Name switch
        {
            "ddim" =>
                new DdimSampler(1, config.Eta) { UseSigmaHat = config.SigmaHat, InversionLevel = InversionLevelOf(config, inversion) },
            "ddpm" => new DdpmSampler(1, variance),
            "dpmsolver++" => new DpmSolverSampler(),
            "sde-dpmsolver++" => new DpmSolverSampler(stochastic: true),
            "euler" => new EulerSampler(),
            "heun" => new HeunSampler(),
            "unipc" => new UniPcSampler(order: config.SolverOrder),
            var other => throw new FormatException($"the sampler '{other}' is not known."),
        };
        var clipping = FileNames.Clippings.Find(config.Clipping) switch
        {
            ClippingKind.None => Clipping.None,
            ClippingKind.Static => Clipping.Static(config.ClipSampleRange),
            ClippingKind.Dynamic => Clipping.Dynamic(config.DynamicThresholdingRatio, config.ClipSampleRange),
            _ => throw new FormatException($"the clipping '{config.Clipping}' is not known."),
        };
        var options = new GenerationOptions
        {
            Sampler = sampler with
            {
                Timesteps = TimestepSubset.FromConfig(
                    config.TimestepSpacing,
                    config.NumInferenceSteps,
                    config.Timesteps,
                    config.KarrasRho,
                    config.PreviousTimesteps,
                    config.SigmaMax,
                    config.SigmaMin),
                Clipping = clipping with { KeepPredictedNoise = !config.UseClippedModelOutput },
            },
            GuidanceScale = config.GuidanceScale,
            GuidanceRescale = config.GuidanceRescale,
            GuidanceSigmaMin = config.GuidanceSigmaMin,
            GuidanceSigmaMax = config.GuidanceSigmaMax,
            BatchSize = config.BatchSize,
            Seed = config.Seed,
        };
        options.ValidateFor(model.Schedule, model.Variance);
        return options;
    });

    private static string? NameOf(Sampler sampler) => sampler switch
    {
        DdimSampler => "ddim",
        DdpmSampler => "ddpm",
        DpmSolverSampler { IsStochastic: false } => "dpmsolver++",
        DpmSolverSampler => "sde-dpmsolver++",
        EulerSampler => "euler",
        HeunSampler => "heun",
        UniPcSampler => "unipc",
        _ => null,
    };

    private static InversionLevel InversionLevelOf(SamplerConfig config, InversionLevel older) => config.Inversion is not { } name
        ? older
        : FileNames.InversionLevels.Find(name) ?? throw new FormatException($"the inversion level '{name}' is not known.");
}
