using Diffusion.Tool.Playground.Training;
using Microsoft.ML.Diffusion.Samples;

namespace Diffusion.Tool.Running;

/// <summary>A training from a folder of pictures to a file.</summary>
internal sealed class TrainingJob
{
    private readonly MLContext _context;
    private readonly Session _session;
    private readonly DiffusionOptions _options;
    private readonly DiffusionTransformer? _previous;
    private readonly TrainingHistory _history;
    private readonly DiffusionEstimator _trainer;

    /// <summary>Checks the options, before any picture is read.</summary>
    /// <param name="context">The context.</param>
    /// <param name="session">Who is told.</param>
    /// <param name="given">Sets the options that are given.</param>
    /// <param name="budget">The time to plan the others for; <see langword="null"/> leaves them as they are.</param>
    /// <param name="previous">The model to train on; <see langword="null"/> for a new one.</param>
    /// <param name="history">Receives the progress.</param>
    public TrainingJob(
        MLContext context,
        Session session,
        Func<DiffusionOptions, DiffusionOptions> given,
        TimeSpan? budget,
        DiffusionTransformer? previous,
        TrainingHistory history)
    {
        (_context, _session, _options, _previous, _history) = (context, session, given(new()), previous, history);
        _trainer = budget is { } time
            ? context.Transforms.DiffusionTrainer("Generated", "Image", time, given)
            : context.Transforms.DiffusionTrainer("Generated", "Image", _options);
    }

    /// <summary>What the pictures become.</summary>
    public required ImageFolderOptions Pictures { get; init; }

    /// <summary>What pages see of it, and may ask of it.</summary>
    public required WatchedTraining Watched { get; init; }

    /// <summary>What is left on the way; null for nothing.</summary>
    public required Snapshots? Snapshots { get; init; }

    private string? Checkpoint => _options.Training.CheckpointDirectory;

    /// <summary>Trains and writes the model. One that was stopped takes no other's place.</summary>
    public Result Run(string folder, string output, TrainingReport? report)
    {
        var images = _session.Show("Reading pictures", () => _context.Diffusion.LoadImages(folder, Pictures));
        _session.TellSkipped(images.Skipped, folder);
        if (_options.LabelColumnName is { } label && images.Data.Schema.GetColumnOrNull(label) is null)
        {
            throw new ToolException(
                $"--labels-from-folders needs pictures in folders of '{folder}', a folder for each class, but there is no folder with pictures. Make them, or leave it out.");
        }

        TellMetadata(images);
        using var model = Train(images.Data);
        Watched.Feed.Enter(TrainingState.Finishing);
        var isStopped = model.Training!.End == TrainingEnd.Cancelled;
        if (isStopped && model.Training.Steps == 0)
        {
            throw new InterruptedException("Stopped before the first step.");
        }

        var kept = isStopped && File.Exists(output) ? output : null;
        var written = kept is null ? output : Path.ChangeExtension(output, ".stopped.zip");
        _context.Diffusion.SaveModel(model, inputSchema: null, written); // ML.NET cannot keep an image column in a schema
        Snapshots?.DeleteModel();
        WriteReport(report, model, folder, written, images);
        return ToResult(model, written, kept, report, images);
    }

    private void WriteReport(TrainingReport? report, DiffusionTransformer model, string folder, string output, LoadedImages images)
    {
        try
        {
            report?.Write(_context, model, _history.Records, folder, Snapshots, images, Watched);
        }
        catch (OperationCanceledException)
        {
            throw new InterruptedException($"Stopped while drawing for the report. '{output}' is written.");
        }
        catch (Exception exception)
        {
            throw new ToolException($"'{output}' is written, but the report is not: {Failure.Of(exception).Message}", exception);
        }
    }

    private void TellMetadata(LoadedImages images)
    {
        if (_options.LabelColumnName is null && images.MetadataFiles is [var file, ..])
        {
            _session.Tell(
                $"'{file.Path}' says more of the pictures: {string.Join(", ", file.Fields)}. --labels-from FIELD takes their classes from it.");
        }
    }

    private DiffusionTransformer Train(IDataView training)
    {
        try
        {
            var model = _session.Show("Training", () => _previous is null ? _trainer.Fit(training) : _trainer.Fit(training, _previous));
            if (model.Training!.End != TrainingEnd.Cancelled || Checkpoint is null || Watched.IsStopped)
            {
                return model;
            }

            model.Dispose(); // the checkpoint is what is kept
            throw new OperationCanceledException();
        }
        catch (OperationCanceledException) when (Checkpoint is not null && _history.Records.Count > 0)
        {
            throw new InterruptedException(
                $"Stopped. The checkpoint in '{Checkpoint}' keeps what was learned: the same command goes on from there.");
        }
    }

    private Result ToResult(DiffusionTransformer model, string output, string? kept, TrainingReport? report, LoadedImages images)
    {
        var training = model.Training!;
        var isStopped = training.End == TrainingEnd.Cancelled;
        var sheet = Snapshots is { Steps.Count: > 0 } snapshots ? snapshots.Sheet : null;
        string?[] lines =
        [
            $"{(isStopped ? "Stopped" : "Trained")}: {training}",
            $"Wrote {output}: {model}",
            sheet is null ? null : $"Wrote {sheet}: what the model drew on its way, a row for each tenth of the training",
            kept is null ? null : $"Kept {kept}: the file that was there before",
            report is null ? null : $"Wrote {report.Folder}",
        ];
        var document = new
        {
            Status = !isStopped ? "trained" : Watched.IsStopped ? "stopped" : "interrupted",
            Model = output,
            Report = report?.Folder,
            Samples = sheet,
            Skipped = SkippedDocument.Of(images.Skipped),
            Description = ModelDocument.Of(model),
        };
        return new Result(lines, document, isStopped && !Watched.IsStopped ? Shell.Interrupted : 0);
    }
}
