using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>Runs training steps until a budget is spent; between them it validates, reports, shows images and writes checkpoints.</summary>
internal sealed class TrainingLoop : IDisposable
{
    private static readonly TimeSpan _longSilence = TimeSpan.FromSeconds(10);

    private readonly TrainingRun _run;
    private readonly TrainingOptions _options;
    private readonly RunCancellation _cancellation;
    private readonly RunCheckpoints? _checkpoints;
    private readonly RunListeners _listeners;
    private readonly TrainingStep _training;
    private readonly TrainingBudget _budget;
    private readonly BatchSequence _batches;
    private readonly TrainingMeter _meter;
    private readonly ValidationRecord _validations;
    private readonly RunAdvice _advice;
    private readonly RunSnapshots _snapshots;
    private readonly int _firstStep;
    private Pulse _pulse;
    private int _step;
    private int[] _indices;
    private bool _hasDiverged;

    /// <param name="run">What to train. Its network is trained in place and left with the averaged weights.</param>
    /// <param name="cancellation">Ends the run between two steps.</param>
    /// <param name="checkpoints">Where to go on from and where to save; null for neither.</param>
    /// <param name="listeners">Receive progress, warnings and the model on its way.</param>
    public TrainingLoop(TrainingRun run, RunCancellation cancellation, RunCheckpoints? checkpoints, RunListeners listeners)
    {
        (_run, _options, _cancellation, _checkpoints, _listeners) = (run, run.Options, cancellation, checkpoints, listeners);
        _training = new TrainingStep(run.Network, run.Model, _options, run.Seed, run.Group, run.Teacher);
        _budget = new TrainingBudget(_options, run.Images.Count);
        _batches = new BatchSequence(run.Images.Count, _options.BatchSize, run.Seed);
        _validations = new ValidationRecord(_options.Validation);
        var start = RunStart.Share(run.Group, checkpoints?.Restore(_training, _validations), _training, _validations);
        _firstStep = _step = start?.Step ?? 0;
        _meter = new TrainingMeter(_options.BatchSize, run.Images.Count, start?.Meter ?? new());
        _pulse = new Pulse(false, TimeSpan.FromSeconds(start?.Meter.Seconds ?? 0));
        _indices = _training.Own(_batches.Indices(_step));
        var isWatched = run.Validation is not null || run.Teacher is not null;
        _advice = new RunAdvice(_options, run.Images.Count, run.IsFineTuned, isWatched, BlindLoss.Of(run), listeners.Warn);
        _snapshots = new RunSnapshots(run, _training.Optimizer, cancellation, Fraction, listeners.SaveModel);
    }

    private double Fraction => _budget.Fraction(_step, Elapsed);

    // Of processes, the first one's when the last step was taken: all must decide alike.
    private TimeSpan Elapsed => _run.Group.Processes is null ? _meter.Elapsed : _pulse.Elapsed;

    private bool IsOver(double fraction) => fraction >= 1 || _validations.IsExhausted;

    /// <summary>Trains to the end.</summary>
    /// <exception cref="OperationCanceledException">The run was cancelled, and its model is not wanted.</exception>
    /// <exception cref="InvalidOperationException">Too many steps in a row had no finite loss.</exception>
    /// <exception cref="InsufficientMemoryException">Memory ran out.</exception>
    public TrainingSummary Run()
    {
        var end = TrainingEnd.Budget;
        try
        {
            TakeSteps();
            end = _validations.IsExhausted ? TrainingEnd.EarlyStopping : TrainingEnd.Budget;
        }
        catch (OperationCanceledException e) when (IsCancelled(e) && _options.ReturnModelOnCancellation)
        {
            SaveLastStep();
            end = TrainingEnd.Cancelled;
        }
        catch (Exception e) when (MemoryShortage.IsMeantBy(e))
        {
            SaveLastStep();
            throw MemoryShortage.Explain(e, _step, _run.Device, _run.Model, _options);
        }
        catch
        {
            SaveLastStep();
            throw;
        }

        _run.Group.End();
        _listeners.Tell(_training.Clock);
        var isWhole = end == TrainingEnd.Budget;
        var last = Report(Place(isWhole ? 1 : Fraction) with { IsLast = true });
        if (isWhole)
        {
            _advice.End(IsTimed);
        }

        return Finish(last, end);
    }

    public void Dispose() => _training.Dispose();

    private void TakeSteps()
    {
        Validate(isDue: IsValidationDue); // where the run was cancelled before it could, and is resumed
        var isOver = IsOver(Fraction);
        if (!isOver)
        {
            _advice.Start(_step, Elapsed, _budget.Steps);
        }

        _run.Images.Prefetch(_indices);
        while (!isOver)
        {
            ThrowIfCancelled();
            Pause();
            TakeStep();
            Validate(isDue: IsValidationDue);

            // Asked once a step: time that runs out while the checkpoint of this step is written would be left over to who resumes.
            // So one step more may follow, at the end of the schedule.
            var fraction = Fraction;
            isOver = IsOver(fraction);
            if (!isOver)
            {
                AfterStep(fraction);
            }
        }

        Validate(isDue: true);
        RunWeights.Check(_run.Group, _training, _step);
        _snapshots.TakeLast(_step, hasStepped: _step > _firstStep);
        Save();
    }

    private void AfterStep(double fraction)
    {
        Tell(fraction);
        _snapshots.Take(_step, fraction, () => Summary(_meter.Peek(Place(fraction)), TrainingEnd.Running));
        if (_step % _options.CheckpointEverySteps == 0)
        {
            RunWeights.Check(_run.Group, _training, _step);
            Save();
        }
    }

    // With a checkpoint, so that who pauses for the night loses nothing by a morning without power.
    private void Pause()
    {
        if (_options.Pause is not { IsRequested: true } pause)
        {
            return;
        }

        Save();
        _meter.Pause();
        _listeners.Report(_meter.Peek(Place(Fraction) with { IsPaused = true }));
        pause.Wait(_cancellation);
        _meter.Resume();
        ThrowIfCancelled();
    }

    private void TakeStep()
    {
        var (indices, learningRate) = (_indices, LearningRate(_step));
        _indices = _training.Own(_batches.Indices(_step + 1));
        _run.Images.Prefetch(_indices);
        _training.Pulse = new Pulse(_cancellation.IsRequested, _meter.Elapsed);
        _training.Run(_run.Images, indices, _step, learningRate);
        _pulse = _training.Pulse;
        _step++;
        var losses = _training.Losses.Read();
        double? loss = losses.Taken > 0 ? losses.LastLoss : null;
        TrainingTelemetry.Add(indices.Length, loss);
        Count(losses);
        _advice.Step(loss, learningRate, Fraction, Elapsed, IsTimed);
    }

    private void Count(LossTotals losses)
    {
        _meter.Add(losses);
        var counts = _meter.State;
        if (counts.SkippedInARow > _options.MaximumConsecutiveSkippedSteps)
        {
            _hasDiverged = true;
            throw OptionMessages.Of(
                $"Training diverged at step {_step}: {counts.SkippedInARow} steps in a row had a loss or gradient that was not a finite number (the last finite loss was {counts.LastLoss:G4}, the learning rate is {LearningRate(_step - 1):G3}). Lower {new OptionName(nameof(TrainingOptions.LearningRate))}, or raise {new OptionName(nameof(TrainingOptions.WarmupSteps))}; {new OptionName(nameof(TrainingOptions.MaximumConsecutiveSkippedSteps))} says how many such steps may follow each other.",
                message => _run.Group.Agreed(new InvalidOperationException(message)));
        }
    }

    private bool IsCancelled(OperationCanceledException exception) =>
        _run.Group.Processes is null ? _cancellation.IsRequested : _run.Group.IsAgreed(exception);

    // Alone at once; of processes, all behind the step in which one of them said so.
    private void ThrowIfCancelled()
    {
        if (_run.Group.Processes is null)
        {
            _cancellation.ThrowIfRequested();
        }
        else if (_pulse.IsStopWanted)
        {
            throw _run.Group.Agreed(_cancellation.Reason());
        }
    }

    private double LearningRate(int step) => _budget.LearningRate(step, Elapsed);

    private bool IsValidationDue =>
        _step > 0 && _step % (_options.Validation.EverySteps ?? (int)Math.Ceiling((double)_run.Images.Count / _options.BatchSize)) == 0;

    private void Validate(bool isDue)
    {
        if (_run.Validation is { } images && isDue && _validations.State.LastStep != _step)
        {
            using var averaged = _training.Optimizer.LendAverage();
            _validations.Add(_step, new Validator(_run, images, _cancellation).Loss(), _training.Optimizer, _training.Length);
        }
    }

    private bool IsTimed => _budget.IsTimed(_step, Elapsed);

    private RunPlace Place(double fraction) =>
        new(_step, fraction, LearningRate(Math.Max(0, _step - 1)), _validations.LastLoss)
        {
            IsFirst = _step == _firstStep + 1,
            IsTimed = IsTimed,
        };

    // Whoever waits sees at once that it runs, and is not left alone for long: what is told beside the reports changes none of them.
    private void Tell(double fraction)
    {
        if (_step % _options.ReportEverySteps == 0)
        {
            Report(Place(fraction));
        }
        else if (_step == _firstStep + 1 || _meter.SinceReport >= _longSilence)
        {
            _listeners.Report(_meter.Peek(Place(fraction)));
        }
    }

    private TrainingProgress Report(RunPlace place)
    {
        var progress = _meter.Report(place);
        _listeners.Report(progress);
        return progress;
    }

    private void Save()
    {
        if (_checkpoints is not null)
        {
            _checkpoints.Save(_run.Seed, _step, _training, _meter.State, _validations);
        }
    }

    // Whatever ended the run between two steps, a receiver of progress that throws or a signal, costs none of those that were taken.
    private void SaveLastStep()
    {
        if (!_hasDiverged && _training.IsWhole)
        {
            Save();
        }
    }

    // Leaves the network with the weights that were promised.
    private TrainingSummary Finish(TrainingProgress last, TrainingEnd end)
    {
        var best = _validations.BestWeights;
        if (best is not null)
        {
            _training.Optimizer.Write(TrainingBuffer.Average, best);
        }

        _training.Optimizer.UseAverage();
        return Summary(last, end, best is not null);
    }

    private TrainingSummary Summary(TrainingProgress last, TrainingEnd end, bool isBest = false)
    {
        var state = _validations.State;
        return new TrainingSummary(
            _run.Images.Count,
            _step,
            _options.BatchSize,
            last.Loss,
            last.SkippedSteps,
            last.Elapsed.TotalSeconds,
            _run.Seed,
            isBest ? state.BestLoss : state.LastStep == _step ? state.LastLoss : null,
            !isBest || state.BestStep == _step ? null : state.BestStep,
            end)
        {
            Options = TrainingProvenance.Options(_options),
            Versions = TrainingProvenance.Versions(_run.Device),
        };
    }
}
