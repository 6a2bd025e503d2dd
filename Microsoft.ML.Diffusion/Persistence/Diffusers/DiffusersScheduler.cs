using Microsoft.ML.Diffusion.Persistence.ModelFile;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Schedules;

namespace Microsoft.ML.Diffusion.Persistence.Diffusers;

/// <summary>The scheduler_config.json of diffusers' DDPM or DDIM scheduler in the library's own terms. Every value is honoured or refused.</summary>
/// <param name="Schedule">The noise schedule.</param>
/// <param name="Prediction">What the network predicts.</param>
/// <param name="Variance">The variance of DDPM's steps.</param>
/// <param name="Sampler">The scheduler as a sampler over <see cref="Schedule"/>.</param>
internal sealed record DiffusersScheduler(NoiseSchedule Schedule, PredictionType Prediction, DdpmVariance Variance, Sampler Sampler)
{
    public const string DdpmName = "DDPMScheduler";
    public const string DdimName = "DDIMScheduler";

    // Keys under which SaveDiffusers keeps what diffusers takes as arguments of a call, not of a configuration.
    public const string StepsNote = "_num_inference_steps";
    public const string EtaNote = "_eta";
    public const string ClippedNote = "_use_clipped_model_output";

    private static readonly ConfigKeys _keys = new(
        ("timesteps", "num_train_timesteps"),
        ("betas", "trained_betas"),
        ("betaStart", "beta_start"),
        ("betaEnd", "beta_end"),
        ("range", "clip_sample_range"),
        ("maximum", "sample_max_value"),
        ("ratio", "dynamic_thresholding_ratio"),
        ("eta", EtaNote));

    /// <param name="config">The file.</param>
    /// <param name="pipeline">The class of the pipeline around it; null where there is none.</param>
    /// <param name="steps">Number of sampling steps; null for the pipeline's own.</param>
    public static DiffusersScheduler Read(DiffusersConfig config, string? pipeline, int? steps)
    {
        var name = config.Text("_class_name", DdpmName);
        if (name is not (DdpmName or DdimName))
        {
            throw config.Refusal("_class_name", name, $"only {DdpmName} and {DdimName} are");
        }

        var isImplicit = name == DdimName || pipeline == "DDIMPipeline"; // which turns its scheduler into DDIM's
        var schedule = ReadSchedule(config);
        var prediction = ReadPrediction(config);
        if (prediction == PredictionType.Epsilon && schedule.AlphaBar(schedule.NumberOfTrainingTimesteps - 1) == 0)
        {
            throw config.Refusal(
                "prediction_type",
                "epsilon",
                "no image can be recovered from the noise of the last timestep where rescale_betas_zero_snr is true");
        }

        var variance = isImplicit && name == DdimName ? DdpmVariance.FixedSmall : ReadVariance(config);
        var (clipping, rule) = (ReadClipping(config), ReadRule(config, isImplicit, ofItsOwn: name == DdimName));
        var noted = config.OptionalInt(StepsNote, null);
        if (steps is null && noted is { } note && (note < 1 || note > schedule.NumberOfTrainingTimesteps))
        {
            throw config.Refusal(StepsNote, note, $"it must be from 1 to {schedule.NumberOfTrainingTimesteps}, the number of timesteps");
        }

        var count =
            steps ?? noted ?? Math.Min(
                isImplicit && pipeline != "DDPMPipeline" ? 50 : 1000,
                schedule.NumberOfTrainingTimesteps);
        var (eta, clipped) = (config.Number(EtaNote, 0), config.Flag(ClippedNote, false));
        config.Ignore("variance_type", "tensor_format"); // DDIM has none; a key of the first versions
        config.RefuseRest();

        var timesteps =
            ReadTimesteps(
                config,
                rule,
                count,
                schedule.NumberOfTrainingTimesteps,
                drawsAtTheEnd: !isImplicit && variance == DdpmVariance.FixedLarge);
        Sampler sampler = isImplicit ? Decode(config, () => new DdimSampler(1, eta)) : new DdpmSampler(1, variance);
        return new DiffusersScheduler(
            schedule,
            prediction,
            variance,
            sampler with { Timesteps = timesteps, Clipping = isImplicit ? clipping with { KeepPredictedNoise = !clipped } : clipping });
    }

    private static NoiseSchedule ReadSchedule(DiffusersConfig config)
    {
        var (timesteps, start, end) =
            (config.Int("num_train_timesteps", 1000), config.Number("beta_start", 1e-4), config.Number("beta_end", 0.02));
        var (name, betas, rescales) = (
            config.Text("beta_schedule", NoiseScheduleKind.LinearName),
            config.OptionalNumbers("trained_betas"),
            config.Flag("rescale_betas_zero_snr", false));
        if (timesteps is < 1 or > Limits.Timesteps)
        {
            throw config.Refusal("num_train_timesteps", timesteps, $"it must be from 1 to {Limits.Timesteps}");
        }

        if (betas is not null && betas.Length != timesteps)
        {
            throw config.Damage($"trained_betas must hold num_train_timesteps = {timesteps} values, but it holds {betas.Length}.");
        }

        var kind = (betas, name) switch
        {
            ({ } own, _) => NoiseScheduleKind.FromBetas(own),
            (_, NoiseScheduleKind.LinearName) => NoiseScheduleKind.Linear(timesteps, start, end),
            (_, NoiseScheduleKind.ScaledLinearName) => NoiseScheduleKind.ScaledLinear(timesteps, start, end),
            (_, NoiseScheduleKind.SigmoidName) => NoiseScheduleKind.Sigmoid(timesteps, start, end),
            (_, NoiseScheduleKind.CosineName) => NoiseScheduleKind.Cosine(timesteps, 0.999),
            _ => throw config.Refusal("beta_schedule", name, "only linear, scaled_linear, squaredcos_cap_v2 and sigmoid are"),
        };
        return Decode(config, (kind with { ZeroTerminalSnr = rescales }).Create);
    }

    private static PredictionType ReadPrediction(DiffusersConfig config)
    {
        var name = config.Text("prediction_type", FileNames.Predictions[PredictionType.Epsilon]);
        return FileNames.Predictions.Find(name)
            ?? throw config.Refusal("prediction_type", name, "only epsilon, sample and v_prediction are");
    }

    private static DdpmVariance ReadVariance(DiffusersConfig config)
    {
        var name = config.Text("variance_type", FileNames.StepVariances[DdpmVariance.FixedSmall]);
        return name == "fixed_small_log" ? DdpmVariance.FixedSmall // takes the same root by way of the logarithm
            : FileNames.StepVariances.Find(name)
                ?? throw config.Refusal("variance_type", name, "only fixed_small, fixed_small_log, fixed_large and learned_range are");
    }

    private static Clipping ReadClipping(DiffusersConfig config)
    {
        var (clips, range) = (config.Flag("clip_sample", true), config.Number("clip_sample_range", 1));
        var (thresholds, ratio, maximum) =
            (config.Flag("thresholding", false), config.Number("dynamic_thresholding_ratio", 0.995), config.Number("sample_max_value", 1));
        return Decode(config, () => (thresholds, clips) switch
        {
            (true, _) => Clipping.Dynamic(ratio, maximum >= float.MaxValue ? double.PositiveInfinity : maximum),
            (_, true) => Clipping.Static(range),
            _ => Clipping.None,
        });
    }

    private static DiffusersTimesteps.Rule ReadRule(DiffusersConfig config, bool isImplicit, bool ofItsOwn)
    {
        var (spacing, offset, endsClean) =
            (config.Text("timestep_spacing", "leading"), config.Int("steps_offset", 0), config.Flag("set_alpha_to_one", true));
        return spacing is "leading" or "trailing" or "linspace"
            ? new DiffusersTimesteps.Rule(
                spacing,
                offset,
                isImplicit,
                endsClean || !(isImplicit && ofItsOwn)) // DDPM's has no such key and passes none on
            : throw config.Refusal("timestep_spacing", spacing, "only leading, trailing and linspace are");
    }

    private static TimestepSubset ReadTimesteps(
        DiffusersConfig config,
        DiffusersTimesteps.Rule rule,
        int steps,
        int trainingTimesteps,
        bool drawsAtTheEnd)
    {
        if (steps < 1 || steps > trainingTimesteps)
        {
            throw new ArgumentOutOfRangeException(
                nameof(DiffusersOptions.NumberOfInferenceSteps),
                steps,
                $"NumberOfInferenceSteps must be from 1 to {trainingTimesteps}, because the model was trained on that many timesteps.");
        }

        var pairs = DiffusersTimesteps.Pairs(rule, steps, trainingTimesteps)
            ?? throw config.Refusal(
                rule.Offset == 0 ? "timestep_spacing" : "steps_offset",
                rule.Offset == 0 ? rule.Spacing : rule.Offset,
                $"with {steps} steps it leaves the timesteps 0 to {trainingTimesteps - 1}. Set NumberOfInferenceSteps to another number");
        return DiffusersTimesteps.Subset(pairs, trainingTimesteps, drawsAtTheEnd);
    }

    private static T Decode<T>(DiffusersConfig config, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            throw config.Damage($"{_keys.In(e)}{e.Message}", e);
        }
    }
}
