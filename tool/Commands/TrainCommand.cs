using System.CommandLine;
using Diffusion.Tool.Options;
using Diffusion.Tool.Playground;
using Diffusion.Tool.Playground.Training;
using Diffusion.Tool.Running;
using Microsoft.ML.Diffusion.Samples;

namespace Diffusion.Tool.Commands;

/// <summary>diffusion train: a folder of pictures becomes a model zip.</summary>
internal sealed class TrainCommand : ToolCommand
{
    private readonly Argument<string> _images;
    private readonly Option<string?> _output;
    private readonly Option<bool> _force;
    private readonly PictureOptions _pictures = new();
    private readonly LabelOptions _labels = new();
    private readonly LearningOptions _learning = new();
    private readonly NetworkOptions _network = new();
    private readonly Option<string?> _from;
    private readonly Option<string?> _report;
    private readonly Option<bool> _noSamples;
    private readonly Option<bool> _watch;
    private readonly PageOptions _page = new();
    private readonly Option<long?> _seed;
    private readonly Option<string?> _device;

    public TrainCommand(CancellationToken cancellationToken)
        : base("train", "Train a model on the pictures in a folder and below it", cancellationToken)
    {
        _images = Added(new Argument<string>("IMAGES") { Description = "A folder of PNG, JPEG, WebP, GIF, BMP, TIFF, PBM, PGM, PPM or TGA pictures of any size" });
        _output = Added(Values.Text("--output", "FILE", "The model zip to write [default: model.zip]", "-o"));
        _force = Added(CommonOptions.Force());
        _pictures.AddTo(this);
        _labels.AddTo(this);
        _learning.AddTo(this);
        _network.AddTo(this);
        _from = Added(
            Values.Text("--from", "MODEL", "Start from the weights of this model: a model.zip, or a folder of Python's diffusers"));
        _report =
            Added(Values.Text(
                "--report",
                "FOLDER",
                "Write to this folder what the training did and what the model draws: report.html with all of it, and its parts as files"));
        _noSamples =
            Added(new Option<bool>("--no-samples") { Description = "Write no pictures and no model on the way, which are otherwise beside the model at every tenth of the training" });
        _watch =
            Added(new Option<bool>("--watch") { Description = "Open a page for the browser that shows the training as it goes, and lets it wait, go on, or end with the model kept" });
        _page.AddTo(this);
        _seed = Added(CommonOptions.Seed("Seed of everything random"));
        _device = Added(CommonOptions.Device());
    }

    protected override Result Execute(ParseResult parsed, Session session)
    {
        var context = session.CreateContext();
        using var previous = Previous(parsed, context);

        _learning.Check(parsed);
        var settings = _page.Read(parsed, _watch);
        var images = parsed.GetRequiredValue(_images);
        using var watched = new WatchedTraining($"A model of {OutputFile.NameOf(images)}", session.Training, session.CancellationToken);
        session.Listener = watched.Feed.Tell;
        var history = new TrainingHistory(watched.Feed);
        var place = parsed.GetValue(_output) ?? "model.zip";
        using var snapshots = parsed.GetValue(_noSamples) ? null : new Snapshots(place, session) { Listener = watched.Feed.Show };
        DiffusionOptions Given(DiffusionOptions options)
        {
            var training = _learning.Apply(parsed, options.Training);
            var given = _network.Apply(parsed, options, previous) with
            {
                LabelColumnName = _labels.AreAsked(parsed) ? "Label" : null,
                Seed = parsed.GetValue(_seed),
                Device = parsed.GetValue(_device),
                Training = training with
                {
                    ReportEverySteps = 10,
                    Progress = history,
                    CancellationToken = watched.Token,
                    ReturnModelOnCancellation = settings is not null || training.CheckpointDirectory is null,
                    Pause = watched.Waiting,
                },
            };
            return snapshots?.AddTo(given) ?? given;
        }

        context.TempFilePath = Path.GetDirectoryName(Path.GetFullPath(place))!; // the model needs room there in any case: Fit looks before it trains
        var budget = _learning.Budget(parsed);
        var run = new TrainingJob(context, session, Given, budget, previous, history)
        {
            Pictures = _labels.Apply(parsed, _pictures.Read(parsed, budget is null ? Given(new()).Network : null, previous)) with
            {
                CancellationToken = session.CancellationToken,
            },
            Snapshots = snapshots,
            Watched = watched,
        };
        if (!Directory.Exists(images)) // before folders are made
        {
            throw new ToolException($"There is no folder '{images}'.");
        }

        var output = OutputFile.Prepare(_output.Name, place, parsed.GetValue(_force));
        var report =
            parsed.GetValue(_report) is { } folder ? new TrainingReport(_report.Name, folder, parsed.GetValue(_force), session) : null;
        using var page = settings is null ? null : WatchPage.Open(settings, watched, session);
        return watched.Run(() => run.Run(images, output, report), result => result.Text, exception => Failure.Of(exception).Message);
    }

    private DiffusionTransformer? Previous(ParseResult parsed, MLContext context)
    {
        if (parsed.GetValue(_from) is not { } path)
        {
            return null;
        }

        if (_network.Decided.Prepend(_pictures.Size).FirstOrDefault(parsed.IsGiven) is { } option)
        {
            throw new UsageException(
                $"{option.Name} must be left out with {_from.Name}, because the model that is trained on has decided it.");
        }

        return ModelSource.Load(context, path, parsed.GetValue(_device));
    }
}
