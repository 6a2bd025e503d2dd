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
    public TrainingJob(
        MLContext context,
        Session session,
        DiffusionOptions options,
        DiffusionTransformer? previous,
        TrainingHistory history)
    {
        (_context, _session, _options, _previous, _history) = (context, session, options, previous, history);
        _trainer = context.Transforms.DiffusionTrainer("Generated", "Image", options);
    }

    /// <summary>What the pictures become.</summary>
    public required ImageFolderOptions Pictures { get; init; }

    /// <summary>The share of the pictures to judge by; 0 for none.</summary>
    public required double ValidationShare { get; init; }

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

        var (training, validation) = HoldOut(images);
        using var model = Train(training, validation);
        var isStopped = model.Training!.End == TrainingEnd.Cancelled;
        if (isStopped && model.Training.Steps == 0)
        {
            throw new InterruptedException("Stopped before the first step.");
        }

        var kept = isStopped && File.Exists(output) ? output : null;
        var written = kept is null ? output : Path.ChangeExtension(output, ".stopped.zip");
        _context.Diffusion.SaveModel(model, inputSchema: null, written); // ML.NET cannot keep an image column in a schema
        WriteReport(report, model, folder, written, training, validation);
        return ToResult(model, written, kept, report, images);
    }

    private void WriteReport(
        TrainingReport? report,
        DiffusionTransformer model,
        string folder,
        string output,
        IDataView learned,
        IDataView? heldOut)
    {
        try
        {
            report?.Write(_context, model, _history.Records, folder, learned, heldOut);
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

    private (IDataView Training, IDataView? Validation) HoldOut(LoadedImages images)
    {
        if (ValidationShare == 0)
        {
            return (images.Data, null);
        }

        var parts =
            PictureFolder.HoldOut(
                _context,
                images.Data,
                images.Count,
                ValidationShare,
                _options.Seed ?? 0); // the same pictures again when a run goes on
        return parts.Validation is not null
            ? parts
            : throw new ToolException(
                FormattableString.Invariant(
                    $"--validation {ValidationShare} of {images.Count} pictures leaves none to judge by, or none to learn from. Change the share, or leave it out."));
    }

    private DiffusionTransformer Train(IDataView training, IDataView? validation)
    {
        try
        {
            return _session.Show("Training", () => (validation, _previous) switch
            {
                (null, null) => _trainer.Fit(training),
                (null, not null) => _trainer.Fit(training, _previous),
                (not null, null) => _trainer.Fit(training, validation),
                _ => _trainer.Fit(training, validation, _previous),
            });
        }
        catch (OperationCanceledException) when (Checkpoint is not null && _history.Records.Count > 0)
        {
            throw new InterruptedException(
                $"Stopped. The checkpoint in '{Checkpoint}' keeps what was learned: the same command goes on from there.");
        }
    }

    private static Result ToResult(DiffusionTransformer model, string output, string? kept, TrainingReport? report, LoadedImages images)
    {
        var training = model.Training!;
        var isStopped = training.End == TrainingEnd.Cancelled;
        string?[] lines =
        [
            $"{(isStopped ? "Stopped" : "Trained")}: {training}",
            $"Wrote {output}: {model}",
            kept is null ? null : $"Kept {kept}: the file that was there before",
            report is null ? null : $"Wrote {report.Folder}",
        ];
        var document = new
        {
            Status = isStopped ? "interrupted" : "trained",
            Model = output,
            Report = report?.Folder,
            Skipped = SkippedDocument.Of(images.Skipped),
            Description = ModelDocument.Of(model),
        };
        return new Result(lines, document, isStopped ? Shell.Interrupted : 0);
    }
}
