namespace Microsoft.ML.Diffusion.Samplers;

/// <summary>One step of a run, as numbers: from x_t with <paramref name="AlphaBar"/> to the next x with <paramref name="AlphaBarPrevious"/>.</summary>
/// <param name="Timestep">The time that the network is told.</param>
/// <param name="AlphaBar">alpha-bar of x before the step.</param>
/// <param name="AlphaBarPrevious">alpha-bar of x after the step; 1 is a clean image.</param>
/// <param name="AddsNoise">Whether a stochastic sampler draws noise in this step; not in the last, but for steps of other libraries.</param>
internal readonly record struct SamplingStep(double Timestep, double AlphaBar, double AlphaBarPrevious, bool AddsNoise)
{
    /// <summary>The steps of a run over <paramref name="subset"/>, from pure noise to a clean image.</summary>
    public static IReadOnlyList<SamplingStep> Reverse(TimestepSubset subset, NoiseSchedule schedule)
    {
        if (subset.PreviousTimesteps is not null)
        {
            return [.. subset.Pairs(schedule.NumberOfTrainingTimesteps).Select(
                pair => new SamplingStep(
                    pair.Timestep,
                    schedule.AlphaBar(pair.Timestep),
                    schedule.AlphaBar(pair.PreviousTimestep),
                    AddsNoise: pair.Timestep > 0))];
        }

        var levels = subset.Levels is { } spacing
            ? spacing.Levels(subset.NumberOfInferenceSteps, schedule)
            : [.. subset.Resolve(schedule.NumberOfTrainingTimesteps)
                .Reverse()
                .Select(timestep => ((double)timestep, schedule.AlphaBar(timestep)))];
        return [.. levels.Select((level, i) => i + 1 < levels.Count
            ? new SamplingStep(level.Timestep, level.AlphaBar, levels[i + 1].AlphaBar, AddsNoise: true)
            : new SamplingStep(level.Timestep, level.AlphaBar, AlphaBarPrevious: 1, AddsNoise: false))];
    }
}
