using Diffusion.Tool.Running;
using Microsoft.ML.Data;

namespace Diffusion.Tool.Playground.Training;

/// <summary>
/// What any number of pages need to know of a training. It keeps the training as it stands, in bounded memory, and no queue for anybody: a page says what it
/// knows and is given the rest, so that one that is slow, new or back again only gets a larger piece, and the training waits for none.
/// </summary>
/// <param name="title">What is trained.</param>
/// <param name="next">Who else is told of progress; may be null.</param>
internal sealed class TrainingFeed(string title, IProgress<TrainingProgress>? next = null) : IProgress<TrainingProgress>
{
    private const int MostPoints = 800;
    private const int MostMessages = 100;
    private const int MostGrids = 24;
    private const int MostLetters = 4000;

    private readonly Lock _lock = new();
    private readonly ThinnedSeries _points = new(MostPoints);
    private readonly ThinnedSeries _validations = new(MostPoints);
    private readonly List<(long Number, FeedMessage Message)> _messages = [];
    private readonly List<(long Number, FeedGrid Grid)> _grids = [];
    private TaskCompletionSource _changed = NewSignal();
    private TrainingState _state;
    private string? _text;
    private TrainingProgress? _progress;
    private double? _validation;
    private long _number;

    /// <summary>Which training it is: numbers of events of another mean nothing here.</summary>
    public string Run { get; } = Guid.NewGuid().ToString("N")[..8];

    /// <summary>What the training is at.</summary>
    public TrainingState State
    {
        get
        {
            lock (_lock)
            {
                return _state;
            }
        }
    }

    /// <inheritdoc/>
    public void Report(TrainingProgress value)
    {
        Change(() =>
        {
            var isNew = _progress?.Step != value.Step;
            _progress = value;
            if (isNew)
            {
                _points.Add(_number, new LossPoint(value.Step, value.Loss, value.LearningRate, value.ImagesPerSecond));
            }

            if (value.ValidationLoss is { } loss && loss != _validation)
            {
                _validation = loss;
                _validations.Add(_number, new LossPoint(value.Step, loss, 0, 0));
            }

            _state = (_state, value.IsPaused) switch
            {
                (TrainingState.Preparing, _) => TrainingState.Running,
                (TrainingState.Pausing, true) => TrainingState.Paused,
                _ => _state,
            };
        });
        next?.Report(value);
    }

    /// <summary>Keeps what was said; the oldest of too many are forgotten.</summary>
    public void Tell(bool isWarning, string text) => Change(() =>
    {
        var shown = text.Length <= MostLetters ? text : $"{text.AsSpan(0, MostLetters)}…";
        _messages.Add((_number, new FeedMessage(_progress?.Step ?? 0, isWarning, shown)));
        if (_messages.Count > MostMessages)
        {
            _messages.RemoveAt(0);
        }
    });

    /// <summary>Keeps images of the model so far; of too many, one in the middle is forgotten.</summary>
    /// <param name="step">The steps done by then.</param>
    /// <param name="row">The images side by side; it stays the caller's.</param>
    public void Show(int step, MLImage row)
    {
        var png = row.ToPng();
        Change(() =>
        {
            _grids.Add((_number, new FeedGrid(step, Snapshots.Pictures, png)));
            if (_grids.Count > MostGrids)
            {
                _grids.RemoveAt(_grids.Count / 2);
            }
        });
    }

    /// <summary>Says what the training is at.</summary>
    /// <param name="state">The state.</param>
    /// <param name="text">What there is to say of it.</param>
    /// <param name="from">Goes on only from one of these; empty is any.</param>
    /// <returns>Whether it went on.</returns>
    public bool Enter(TrainingState state, string? text = null, params ReadOnlySpan<TrainingState> from)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            if (from.Length > 0 && !from.Contains(_state))
            {
                return false;
            }

            (_state, _text) = (state, text);
            changed = Next();
        }

        changed.SetResult();
        return true;
    }

    /// <summary>What a page lacks.</summary>
    /// <param name="id">The <see cref="FeedUpdate.Id"/> of the last that it was given; null, or of another run, for none.</param>
    public FeedUpdate Since(string? id)
    {
        var known =
            id?.Split('-') is [var run, var text] && run == Run && long.TryParse(text, out var number) && number is > 0 ? number : 0;
        lock (_lock)
        {
            var from = known > _number || known < Math.Max(_points.ChangedBy, _validations.ChangedBy) ? 0 : known;
            return new FeedUpdate(
                Run,
                _number,
                IsWhole: from == 0,
                title,
                _state,
                _text,
                _progress is null ? null : FeedProgress.Of(_progress),
                [.. _points.Since(from).Select(point => (double?[])[point.Step, FeedProgress.Finite(point.Loss), point.LearningRate, FeedProgress.Finite(point.ImagesPerSecond)])],
                [.. _validations.Since(from).Select(point => (double?[])[point.Step, FeedProgress.Finite(point.Loss)])],
                [.. _messages.Where(message => message.Number > from).Select(message => message.Message)],
                [.. _grids.Where(grid => grid.Number > from).Select(grid => grid.Grid)]);
        }
    }

    /// <summary>Waits until there is more than a page knows.</summary>
    /// <param name="number">The number of the last event that it was given.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task WaitAsync(long number, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return _number > number ? Task.CompletedTask : _changed.Task.WaitAsync(cancellationToken);
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Change(Action change)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            changed = Next();
            change();
        }

        changed.SetResult();
    }

    // Who waits, waits for the signal that this gives back.
    private TaskCompletionSource Next()
    {
        _number++;
        return Interlocked.Exchange(ref _changed, NewSignal());
    }
}
