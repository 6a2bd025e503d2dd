using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <summary>Lets a training wait between two steps, and go on, while it runs: <see cref="TrainingOptions.Pause"/>.</summary>
/// <remarks>
/// Any thread may ask. The time that a training waits counts nowhere: not against <see cref="TrainingOptions.Duration"/>, and not in the times and
/// speeds that it reports. One object may be that of several trainings, which then wait together.
/// </remarks>
public sealed class TrainingPause
{
    private static readonly TimeSpan _betweenLooks = TimeSpan.FromSeconds(0.2); // cancelling wakes nobody

    private readonly object _lock = new();
    private volatile bool _isRequested;

    /// <summary>Gets whether the training is asked to wait. It does once its step is done, which <see cref="TrainingProgress.IsPaused"/> tells.</summary>
    public bool IsRequested => _isRequested;

    /// <summary>Asks the training to wait before its next step, with a checkpoint written if it keeps any.</summary>
    public void Pause() => _isRequested = true;

    /// <summary>Lets the training go on.</summary>
    public void Resume()
    {
        lock (_lock)
        {
            _isRequested = false;
            Monitor.PulseAll(_lock);
        }
    }

    /// <inheritdoc/>
    public override string ToString() => IsRequested ? "Paused" : "Not paused";

    /// <summary>Waits until the training may go on, or is cancelled.</summary>
    internal void Wait(RunCancellation cancellation)
    {
        lock (_lock)
        {
            while (_isRequested && !cancellation.IsRequested)
            {
                Monitor.Wait(_lock, _betweenLooks);
            }
        }
    }
}
