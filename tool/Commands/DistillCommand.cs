using System.CommandLine;
using Diffusion.Tool.Options;
using Diffusion.Tool.Running;
using Microsoft.ML.Diffusion.Samples;

namespace Diffusion.Tool.Commands;

/// <summary>diffusion distill: a model becomes one that draws in a few steps.</summary>
internal sealed class DistillCommand : ToolCommand
{
    private static readonly DistillationOptions _defaults = new();
    private static readonly TimeSpan _usualTime = TimeSpan.FromMinutes(30);

    private readonly Argument<string> _model;
    private readonly Argument<string> _images;
    private readonly Option<string?> _output;
    private readonly Option<bool> _force;
    private readonly Option<int?> _steps;
    private readonly Option<int?> _teacherSteps;
    private readonly Option<double?> _guidance;
    private readonly Option<TimeSpan?> _time;
    private readonly Option<int?> _updates;
    private readonly Option<int?> _batch;
    private readonly Option<double?> _learningRate;
    private readonly Option<string?> _checkpoint;
    private readonly PictureOptions _pictures = new();
    private readonly LabelOptions _labels = new();
    private readonly Option<long?> _seed;
    private readonly Option<string?> _device;

    public DistillCommand(CancellationToken cancellationToken)
        : base("distill", "Make of a model one that draws in a few steps", cancellationToken)
    {
        _model = Added(CommonOptions.Model());
        _images = Added(new Argument<string>("IMAGES") { Description = "A folder of pictures like those that the model has learned; in folders named as its classes, if it has any" });
        _output = Added(Values.Text("--output", "FILE", "The model zip to write [default: student.zip]", "-o"));
        _force = Added(CommonOptions.Force());
        _steps = Added(Values.Whole("--steps", "N", $"Steps in which the student draws: 1, 2, 4, 8, 16 or 32 [default: {_defaults.Steps}]"));
        _teacherSteps = Added(
            Values.Whole(
                "--teacher-steps",
                "N",
                $"DDIM steps that the model itself takes as the first teacher, a power of two: the first student takes half of them, the next half of those [default: {_defaults.TeacherSteps}]"));
        _guidance = Added(
            Values.Real("--guidance", "SCALE", "How far the student's pictures are pushed towards their class, at no cost when it draws [default: the model's own]"));
        _time = Added(Values.Time("--time", "Train for this long in all [default: 30m if --updates is not given]"));
        _updates = Added(Values.Whole("--updates", "N", "Train for this many optimizer steps in all"));
        _batch = Added(Values.Whole("--batch", "N", $"Pictures in an optimizer step [default: {_defaults.Training.BatchSize}]"));
        _learningRate = Added(
            Values.Real(
                "--learning-rate",
                "RATE",
                $"Learning rate at the start of each halving, from which it falls to 0 [default: {Values.Number(_defaults.Training.LearningRate)}]"));
        _checkpoint = Added(
            Values.Text(
                "--checkpoint",
                "FOLDER",
                "Keep checkpoints in this folder: after Ctrl+C, a crash or a kill the same command goes on from there"));
        _labels.AddTo(this);
        _pictures.AddTo(this, isSized: false);
        _seed = Added(CommonOptions.Seed("Seed of everything random"));
        _device = Added(CommonOptions.Device());
    }

    protected override Result Execute(ParseResult parsed, Session session)
    {
        var (source, folder) = (parsed.GetRequiredValue(_model), parsed.GetRequiredValue(_images));
        ModelSource.CheckExists(source);
        if (!Directory.Exists(folder))
        {
            throw new ToolException($"There is no folder '{folder}'.");
        }

        var output = OutputFile.Prepare(_output.Name, parsed.GetValue(_output) ?? "student.zip", parsed.GetValue(_force));
        var context = session.CreateContext();
        context.TempFilePath = Path.GetDirectoryName(Path.GetFullPath(output))!;
        using var model = ModelSource.Load(context, source, parsed.GetValue(_device));
        var pictures = _labels.Apply(parsed, _pictures.Read(parsed, null, model)) with { CancellationToken = session.CancellationToken };
        var images = session.Show("Reading pictures", () => context.Diffusion.LoadImages(folder, pictures));
        session.TellSkipped(images.Skipped, folder);
        var options = Read(parsed, session);
        using var student = Student(() => context.Diffusion.Distill(model, images.Data, options), session, options);
        return Write(context, student, output);
    }

    private DistillationOptions Read(ParseResult parsed, Session session)
    {
        var training = _defaults.Training;
        return new DistillationOptions
        {
            Steps = parsed.GetValue(_steps) ?? _defaults.Steps,
            TeacherSteps = parsed.GetValue(_teacherSteps) ?? _defaults.TeacherSteps,
            GuidanceScale = parsed.GetValue(_guidance),
            Seed = parsed.GetValue(_seed),
            Training = training with
            {
                NumberOfSteps = parsed.GetValue(_updates),
                Duration = parsed.GetValue(_time) ?? (parsed.IsGiven(_updates) ? null : _usualTime),
                BatchSize = parsed.GetValue(_batch) ?? training.BatchSize,
                LearningRate = parsed.GetValue(_learningRate) ?? training.LearningRate,
                CheckpointDirectory = parsed.GetValue(_checkpoint),
                ReportEverySteps = 10,
                Progress = session.Training,
                CancellationToken = session.CancellationToken,
                ReturnModelOnCancellation = !parsed.IsGiven(_checkpoint),
            },
        };
    }

    private static DiffusionTransformer Student(Func<DiffusionTransformer> distill, Session session, DistillationOptions options)
    {
        try
        {
            return session.Show("Distilling", distill);
        }
        catch (OperationCanceledException) when (options.Training.CheckpointDirectory is { } checkpoint && Directory.Exists(checkpoint))
        {
            throw new InterruptedException(
                $"Stopped. The checkpoints in '{checkpoint}' keep what was learned: the same command goes on from there.");
        }
    }

    // One that was stopped takes no other's place.
    private static Result Write(MLContext context, DiffusionTransformer student, string output)
    {
        var isStopped = student.Training!.End == TrainingEnd.Cancelled;
        var written = isStopped && File.Exists(output) ? Path.ChangeExtension(output, ".stopped.zip") : output;
        context.Diffusion.SaveModel(student, inputSchema: null, written);
        string?[] lines =
        [
            $"{(isStopped ? "Stopped" : "Distilled")}: {student.Training}",
            $"Wrote {written}: {student}",
            $"Draws by {student.Generation.Sampler}",
        ];
        var document = new
        {
            Status = isStopped ? "interrupted" : "distilled",
            Model = written,
            Steps = student.Generation.Sampler.Timesteps.NumberOfInferenceSteps,
            Description = ModelDocument.Of(student),
        };
        return new Result(lines, document, isStopped ? Shell.Interrupted : 0);
    }
}
