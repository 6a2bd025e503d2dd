namespace Diffusion.Tool.Running;

/// <summary>Keeps what a training reports, and passes it on.</summary>
internal sealed class LossRecord(IProgress<TrainingProgress> display) : IProgress<TrainingProgress>
{
    private readonly List<TrainingProgress> _reports = [];

    public IReadOnlyList<TrainingProgress> Reports => _reports;

    /// <inheritdoc/>
    public void Report(TrainingProgress value)
    {
        _reports.Add(value);
        display.Report(value);
    }
}
