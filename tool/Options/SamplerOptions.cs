using System.CommandLine;
using Diffusion.Tool.Running;
using Microsoft.ML.Diffusion.Samples;

namespace Diffusion.Tool.Options;

/// <summary>The options that decide how pictures are drawn. What is not given is the model's own.</summary>
internal sealed class SamplerOptions
{
    private readonly Option<string?> _sampler =
        Values.Choice(
            "--sampler",
            "KIND",
            "How pictures are drawn: ddim, ddpm, dpm-solver, sde-dpm-solver (with fresh noise in each step), unipc, heun or euler [default: the model's own]",
            OptionNames.Samplers);
    private readonly Option<int?> _steps =
        Values.Whole(
            "--steps",
            "N",
            $"Steps of drawing a picture [default: the model's own, or with --sampler {OptionNames.DefaultSteps}]");
    private readonly Option<double?> _eta =
        Values.Real("--eta", "ETA", "Noise that ddim draws at each step: 0 is none, 1 that of ddpm [default: 0]");

    public void AddTo(Command command)
    {
        command.Add(_sampler);
        command.Add(_steps);
        command.Add(_eta);
    }

    /// <summary>Gets all of them.</summary>
    public IReadOnlyList<Option> All => [_sampler, _steps, _eta];

    /// <summary>Checks what can be without a model.</summary>
    public void Check(ParseResult parsed)
    {
        if (parsed.GetValue(_sampler) is { } name && name != "ddim" && parsed.GetValue(_eta) is not (null or 0))
        {
            throw OnlyForDdim(name);
        }
    }

    /// <summary>The sampler that was asked for, or what was asked to change of the model's own.</summary>
    public Sampler Read(ParseResult parsed, DiffusionTransformer model)
    {
        var (steps, eta, own) = (parsed.GetValue(_steps), parsed.GetValue(_eta), model.Generation.Sampler);
        if (parsed.GetValue(_sampler) is { } name)
        {
            return OptionNames.ToSampler(name, steps, eta ?? 0, model.Schedule.NumberOfTrainingTimesteps);
        }

        if (eta is not null)
        {
            return own is DdimSampler
                ? new DdimSampler(steps ?? own.Timesteps.NumberOfInferenceSteps, eta.Value) { Clipping = own.Clipping }
                : throw OnlyForDdim("the model's own");
        }

        return steps is { } count ? own with { Timesteps = SpacingOf(own, count) } : own;
    }

    /// <summary>What the kind of sampler takes for so many steps.</summary>
    internal static TimestepSubset SpacingOf(Sampler own, int steps) => own switch
    {
        DdpmSampler => new DdpmSampler(steps).Timesteps,
        DpmSolverSampler => new DpmSolverSampler(steps).Timesteps,
        UniPcSampler => new UniPcSampler(steps).Timesteps,
        EulerSampler => new EulerSampler(steps).Timesteps,
        HeunSampler => new HeunSampler(steps).Timesteps,
        DdimSampler => new DdimSampler(steps).Timesteps,
        _ => throw new NotSupportedException($"The timesteps of {own} are not known here."),
    };

    private static UsageException OnlyForDdim(string sampler) =>
        new($"--eta is for --sampler ddim only, because it scales the noise that ddim draws, but the sampler is {sampler}. Leave --eta out, or choose ddim.");
}
