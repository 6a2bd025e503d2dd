namespace Diffusion.Tool.Playground.Training;

/// <summary>A training that pages may look at, let wait, and end.</summary>
/// <param name="title">What is trained.</param>
/// <param name="next">Who else is told of progress; may be null.</param>
/// <param name="cancellationToken">Ends it from elsewhere.</param>
internal sealed class WatchedTraining(string title, IProgress<TrainingProgress>? next, CancellationToken cancellationToken) : IDisposable
{
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
    private volatile bool _isStopped;

    /// <summary>What pages see.</summary>
    public TrainingFeed Feed { get; } = new(title, next);

    /// <summary>Of the training's options.</summary>
    public TrainingPause Waiting { get; } = new();

    /// <summary>Of the training's options.</summary>
    public CancellationToken Token => _stop.Token;

    /// <summary>Whether a page ended it, whose model is wanted.</summary>
    public bool IsStopped => _isStopped;

    /// <summary>Lets it wait.</summary>
    /// <returns>Whether it can.</returns>
    public bool Pause()
    {
        var isDone = Feed.Enter(TrainingState.Pausing, from: TrainingState.Running);
        if (isDone)
        {
            Waiting.Pause();
        }

        return isDone;
    }

    /// <summary>Lets it go on.</summary>
    /// <returns>Whether it can.</returns>
    public bool Resume()
    {
        var isDone = Feed.Enter(TrainingState.Running, from: [TrainingState.Pausing, TrainingState.Paused]);
        if (isDone)
        {
            Waiting.Resume();
        }

        return isDone;
    }

    /// <summary>Ends it; its model so far is kept.</summary>
    /// <returns>Whether it can.</returns>
    public bool Stop()
    {
        var isDone = Feed.Enter(TrainingState.Stopping, from: [TrainingState.Running, TrainingState.Pausing, TrainingState.Paused]);
        if (isDone)
        {
            _isStopped = true;
            _stop.Cancel();
        }

        return isDone;
    }

    /// <summary>Does the training, and says how it ended.</summary>
    /// <param name="work">The training.</param>
    /// <param name="describe">What there is to say of its result.</param>
    /// <param name="explain">What there is to say of a failure.</param>
    public T Run<T>(Func<T> work, Func<T, string> describe, Func<Exception, string> explain)
    {
        try
        {
            var result = work();
            Feed.Enter(TrainingState.Done, describe(result));
            return result;
        }
        catch (Exception exception)
        {
            Feed.Enter(TrainingState.Failed, explain(exception));
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _stop.Dispose();
}
