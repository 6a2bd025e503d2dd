using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Persistence.ModelFile;
using Microsoft.ML.Diffusion.Schedules;

namespace Microsoft.ML.Diffusion.Persistence.Diffusers;

/// <summary>Schedule and sampler as the scheduler_config.json of diffusers' DDPM or DDIM scheduler.</summary>
internal static class DiffusersSchedulerExport
{
    private static readonly string[] _spacings = ["leading", "trailing", "linspace"];
    private static readonly bool[] _ends = [true, false];

    /// <exception cref="NotSupportedException">Neither scheduler can do what the sampler does.</exception>
    public static SortedDictionary<string, object?> ToConfig(ModelDescription model, Sampler sampler)
    {
        var (implicitly, ancestrally) = (sampler as DdimSampler, sampler as DdpmSampler);
        if ((implicitly is null && ancestrally is null) || implicitly is { UseSigmaHat: true })
        {
            throw new NotSupportedException(
                $"Sampler = {sampler} cannot be saved for diffusers: only DDIM without sigma-hat and DDPM can. Pass another sampler, such as new DdimSampler().");
        }

        var config = new SortedDictionary<string, object?>(StringComparer.Ordinal)
        {
            ["_class_name"] = implicitly is null ? DiffusersScheduler.DdpmName : DiffusersScheduler.DdimName,
            ["_diffusers_version"] = "0.40.0",
            ["num_train_timesteps"] = model.Schedule.NumberOfTrainingTimesteps,
            ["prediction_type"] = FileNames.Predictions[model.Prediction],
            [DiffusersScheduler.StepsNote] = sampler.Timesteps.NumberOfInferenceSteps,
        };
        AddSchedule(config, model.Schedule.Kind, implicitly is not null);
        AddClipping(config, sampler.Clipping);
        AddTimesteps(config, model.Schedule.NumberOfTrainingTimesteps, sampler);
        if (ancestrally is not null)
        {
            config["variance_type"] = FileNames.StepVariances[ancestrally.Variance];
        }
        else
        {
            config[DiffusersScheduler.EtaNote] = implicitly!.Eta;
            config[DiffusersScheduler.ClippedNote] = !sampler.Clipping.KeepPredictedNoise;
        }

        return config;
    }

    // What diffusers has no formula for becomes a list of betas.
    private static void AddSchedule(SortedDictionary<string, object?> config, NoiseScheduleKind kind, bool isImplicit)
    {
        var isFormula = kind.Name is NoiseScheduleKind.LinearName or NoiseScheduleKind.ScaledLinearName
            || (kind.Name == NoiseScheduleKind.CosineName && kind.MaximumBeta == 0.999)
            || (kind.Name == NoiseScheduleKind.SigmoidName && !isImplicit);
        config["beta_schedule"] = isFormula ? kind.Name : NoiseScheduleKind.LinearName;
        config["beta_start"] = kind.BetaStart > 0 ? kind.BetaStart : 1e-4;
        config["beta_end"] = kind.BetaEnd > 0 ? kind.BetaEnd : 0.02;
        config["trained_betas"] = isFormula ? null : (kind with { ZeroTerminalSnr = false }).Create().Betas;
        config["rescale_betas_zero_snr"] = kind.ZeroTerminalSnr;
    }

    private static void AddClipping(SortedDictionary<string, object?> config, Clipping clipping)
    {
        config["clip_sample"] = clipping.Kind == ClippingKind.Static;
        config["clip_sample_range"] = clipping.Kind == ClippingKind.Static ? clipping.Range : 1.0;
        config["thresholding"] = clipping.Kind == ClippingKind.Dynamic;
        config["dynamic_thresholding_ratio"] = clipping.Ratio;
        config["sample_max_value"] = clipping.Kind == ClippingKind.Dynamic ? Math.Min(clipping.Range, float.MaxValue) : 1.0;
    }

    private static void AddTimesteps(SortedDictionary<string, object?> config, int trainingTimesteps, Sampler sampler)
    {
        var isImplicit = sampler is DdimSampler;
        var expected = sampler.Timesteps.Levels is null ? sampler.Timesteps.Pairs(trainingTimesteps) : [];
        var drawsAtTheEnd =
            sampler is DdpmSampler { Variance: DdpmVariance.FixedLarge }
                && expected is [.., { Timestep: > 0 }]
                && sampler.Timesteps.PreviousTimesteps is null;
        bool Fits(DiffusersTimesteps.Rule rule) =>
            DiffusersTimesteps.Pairs(rule, expected.Count, trainingTimesteps) is { } pairs && pairs.SequenceEqual(expected);

        var rules = from spacing in _spacings
                    from endsClean in _ends
                    where endsClean || isImplicit
                    select new DiffusersTimesteps.Rule(
                        spacing,
                        spacing == "leading" && expected.Count > 0 ? expected[^1].Timestep : 0,
                        isImplicit,
                        endsClean);
        if (expected.Count == 0 || drawsAtTheEnd || rules.Where(Fits).Take(1).ToList() is not [var rule])
        {
            throw new NotSupportedException(
                $"Sampler.Timesteps = {sampler.Timesteps} cannot be saved for diffusers, because its scheduler would take other steps{(drawsAtTheEnd ? ", and draw noise in the last" : "")}. Pass a sampler whose number of steps divides {trainingTimesteps}{(isImplicit ? "" : $", such as new DdpmSampler({trainingTimesteps})")}.");
        }

        config["timestep_spacing"] = rule.Spacing;
        config["steps_offset"] = rule.Offset;
        if (isImplicit)
        {
            config["set_alpha_to_one"] = rule.EndsClean;
        }
    }
}
