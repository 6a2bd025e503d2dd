namespace Microsoft.ML.Diffusion.Training;

/// <summary>When a run ends, and what share of it is over.</summary>
internal sealed class TrainingBudget(TrainingOptions options, int numberOfImages)
{
    private const int DefaultSteps = 20_000;

    /// <summary>The number of steps that ends the run, if one does; time may end it before.</summary>
    public int? Steps { get; } = StepsOf(options, numberOfImages);

    /// <summary>Share of the nearest budget that is spent after <paramref name="step"/> steps and <paramref name="elapsed"/>; at least 1 at the end.</summary>
    public double Fraction(int step, TimeSpan elapsed) =>
        Math.Max(ByStep(step), ByTime(elapsed));

    /// <summary>Whether time is nearer to its end than steps are.</summary>
    public bool IsTimed(int step, TimeSpan elapsed) => ByTime(elapsed) > ByStep(step);

    /// <summary>The learning rate of step <paramref name="step"/> = 0, 1, ..., in closed form, so that nothing has to be saved to resume it.</summary>
    public double LearningRate(int step, TimeSpan elapsed)
    {
        var warmup = options.WarmupSteps == 0 ? 1 : Math.Min(1, (step + 1.0) / options.WarmupSteps);
        var fraction = Math.Min(1, Fraction(step, elapsed));
        return options.LearningRate * warmup * options.LearningRateSchedule switch
        {
            LearningRateSchedule.Cosine => (1 + Math.Cos(Math.PI * fraction)) / 2,
            LearningRateSchedule.Linear => 1 - fraction,
            _ => 1,
        };
    }

    private double ByStep(int step) => Steps is { } steps ? (double)step / steps : 0;

    private double ByTime(TimeSpan elapsed) => options.Duration is { } duration ? elapsed / duration : 0;

    private static int? StepsOf(TrainingOptions options, int numberOfImages)
    {
        var images =
            Math.Min(
                options.NumberOfImages ?? long.MaxValue,
                options.NumberOfEpochs is { } epochs ? (long)epochs * numberOfImages : long.MaxValue);
        var byImages =
            images < long.MaxValue ? (int)Math.Min(int.MaxValue, Math.Ceiling((double)images / options.BatchSize)) : int.MaxValue;
        var steps = Math.Min(options.NumberOfSteps ?? int.MaxValue, byImages);
        return steps < int.MaxValue ? steps : options.Duration is null ? DefaultSteps : null;
    }
}
