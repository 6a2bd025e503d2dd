using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>Runs training steps until a budget is spent; between them it validates, reports, shows images and writes checkpoints.</summary>
internal sealed class TrainingLoop : IDisposable
{
    private readonly TrainingRun _run;
    private readonly TrainingOptions _options;
    private readonly RunCancellation _cancellation;
    private readonly RunCheckpoints? _checkpoints;
    private readonly Action<TrainingProgress> _report;
    private readonly TrainingStep _training;
    private readonly TrainingBudget _budget;
    private readonly BatchSequence _batches;
    private readonly TrainingMeter _meter;
    private readonly ValidationRecord _validations;
    private int _step;
    private int[] _indices;
    private bool _hasDiverged;

    /// <param name="run">What to train. Its network is trained in place and left with the averaged weights.</param>
    /// <param name="cancellation">Ends the run between two steps.</param>
    /// <param name="checkpoints">Where to go on from and where to save; null for neither.</param>
    /// <param name="report">Receives progress every few steps and at the end.</param>
    public TrainingLoop(TrainingRun run, RunCancellation cancellation, RunCheckpoints? checkpoints, Action<TrainingProgress> report)
    {
        (_run, _options, _cancellation, _checkpoints, _report) = (run, run.Options, cancellation, checkpoints, report);
        _training = new TrainingStep(run.Network, run.Model, _options, run.Seed);
        _budget = new TrainingBudget(_options, run.Images.Count);
        _batches = new BatchSequence(run.Images.Count, _options.BatchSize, run.Seed);
        _validations = new ValidationRecord(_options.Validation);
        var start = checkpoints?.Restore(_training, _validations);
        _step = start?.Step ?? 0;
        _meter = new TrainingMeter(_options.BatchSize, run.Images.Count, start?.Meter ?? new());
        _indices = _batches.Indices(_step);
    }

    private bool IsOver => _budget.Fraction(_step, _meter.Elapsed) >= 1 || _validations.IsExhausted;

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
        catch (OperationCanceledException) when (_cancellation.IsRequested && _options.ReturnModelOnCancellation)
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

        var last = Report(end == TrainingEnd.Budget ? 1 : _budget.Fraction(_step, _meter.Elapsed));
        return Finish(last, end);
    }

    public void Dispose() => _training.Dispose();

    private void TakeSteps()
    {
        Validate(isDue: IsValidationDue); // where the run was cancelled before it could, and is resumed
        _run.Images.Prefetch(_indices);
        while (!IsOver)
        {
            _cancellation.ThrowIfRequested();
            TakeStep();
            Validate(isDue: IsValidationDue);
            if (IsOver)
            {
                break;
            }

            if (_step % _options.ReportEverySteps == 0)
            {
                Report(_budget.Fraction(_step, _meter.Elapsed));
            }

            ShowGrid();
            if (_step % _options.CheckpointEverySteps == 0)
            {
                Save();
            }
        }

        Validate(isDue: true);
        ShowGrid();
        Save();
    }

    private void TakeStep()
    {
        var (indices, learningRate) = (_indices, LearningRate(_step));
        _indices = _batches.Indices(_step + 1);
        _run.Images.Prefetch(_indices);
        _training.Run(_run.Images, indices, _step, learningRate);
        _step++;
        ReadLosses();
    }

    private void ReadLosses()
    {
        _meter.Add(_training.Losses.Read());
        var counts = _meter.State;
        if (counts.SkippedInARow > _options.MaximumConsecutiveSkippedSteps)
        {
            _hasDiverged = true;
            throw OptionMessages.Of(
                $"Training diverged at step {_step}: {counts.SkippedInARow} steps in a row had a loss or gradient that was not a finite number (the last finite loss was {counts.LastLoss:G4}, the learning rate is {LearningRate(_step - 1):G3}). Lower {new OptionName(nameof(TrainingOptions.LearningRate))}, or raise {new OptionName(nameof(TrainingOptions.WarmupSteps))}; {new OptionName(nameof(TrainingOptions.MaximumConsecutiveSkippedSteps))} says how many such steps may follow each other.",
                message => new InvalidOperationException(message));
        }
    }

    private double LearningRate(int step) => _budget.LearningRate(step, _meter.Elapsed);

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

    private void ShowGrid()
    {
        if (_options.SampleGrid is { } options && _step % options.EverySteps == 0)
        {
            using var averaged = _training.Optimizer.LendAverage();
            new SampleGridPainter(_run, options, _cancellation).Show(_step);
        }
    }

    private TrainingProgress Report(double fraction)
    {
        ReadLosses();
        var progress = _meter.Report(_step, fraction, LearningRate(Math.Max(0, _step - 1)), _validations.LastLoss);
        _report(progress);
        return progress;
    }

    private void Save()
    {
        if (_checkpoints is not null)
        {
            ReadLosses();
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
        var state = _validations.State;
        return new TrainingSummary(
            _run.Images.Count,
            _step,
            _options.BatchSize,
            last.Loss,
            last.SkippedSteps,
            last.Elapsed.TotalSeconds,
            _run.Seed,
            best is null ? (state.LastStep == _step ? state.LastLoss : null) : state.BestLoss,
            best is null || state.BestStep == _step ? null : state.BestStep,
            end)
        {
            Options = TrainingProvenance.Options(_options),
            Versions = TrainingProvenance.Versions(_run.Device),
        };
    }
}
