using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>Tells of a training run wherever somebody may listen: <c>MLContext.Log</c>, ML.NET's progress channel, and the user's own receiver.</summary>
/// <remarks>Data of a progress channel never reaches <c>MLContext.Log</c>; messages of a channel do. So both are sent.</remarks>
internal sealed class TrainingReporter : IDisposable
{
    private readonly IChannel _channel;
    private readonly IProgressChannel _progressChannel;
    private readonly IProgress<TrainingProgress>? _receiver;
    private TrainingProgress? _last;
    private readonly MemorizationWatch _memorization;
    private int _skipped;

    public TrainingReporter(IHost host, IChannel channel, IProgress<TrainingProgress>? receiver, int numberOfImages)
    {
        _memorization = new(numberOfImages);
        _channel = channel;
        _receiver = receiver;
        _progressChannel = host.StartProgressChannel("Training");
        _progressChannel.SetHeader(new ProgressHeader(["Loss", "Images/s"], ["steps"]), entry =>
        {
            if (_last is { } last)
            {
                entry.SetProgress(0, last.Step, last.Step / Math.Max(last.Fraction, 1e-9));
                entry.SetMetric(0, last.Loss);
                entry.SetMetric(1, last.ImagesPerSecond);
            }
        });
    }

    public void Report(TrainingProgress progress)
    {
        _last = progress;
        _channel.Info(MessageSensitivity.None, progress.ToString());
        if (progress.SkippedSteps > _skipped)
        {
            Warn(AdviceTexts.Skipped(progress.SkippedSteps - _skipped));
            _skipped = progress.SkippedSteps;
        }

        if (_memorization.Add(progress) is { } warning)
        {
            Warn(warning);
        }

        _progressChannel.Checkpoint(progress.Loss, progress.ImagesPerSecond, progress.Step);
        _receiver?.Report(progress);
    }

    public void Warn(OptionText text) => _channel.Warning(MessageSensitivity.None, OptionMessages.ForLog(text));

    public void Dispose() => _progressChannel.Dispose();
}
