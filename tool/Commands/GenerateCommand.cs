using System.CommandLine;
using Diffusion.Tool.Options;
using Diffusion.Tool.Running;
using Diffusion.Tool.Shards;
using Microsoft.ML.Diffusion.Samples;

namespace Diffusion.Tool.Commands;

/// <summary>diffusion generate: pictures of a model.</summary>
internal sealed class GenerateCommand : ToolCommand
{
    private const string DefaultOutput = "generated";
    private const int DefaultCount = 16;

    private readonly Argument<string> _model;
    private readonly Option<int?> _count;
    private readonly Option<int?> _first;
    private readonly Option<string?> _output;
    private readonly Option<string?> _grid;
    private readonly Option<int?> _columns;
    private readonly Option<string?> _film;
    private readonly Option<bool> _force;
    private readonly Option<string[]> _label;
    private readonly Option<bool> _unlabelled;
    private readonly Option<double?> _guidance;
    private readonly SamplerOptions _sampler = new();
    private readonly Option<int?> _batch;
    private readonly Option<long?> _seed;
    private readonly Option<string?> _device;

    public GenerateCommand(CancellationToken cancellationToken)
        : base("generate", "Draw pictures", cancellationToken)
    {
        _model = Added(CommonOptions.Model());
        _count = Added(Values.Whole("--count", "N", $"Number of pictures [default: {DefaultCount}]"));
        _first = Added(
            Values.Whole(
                "--first",
                "N",
                "Number of the first picture within the seed, and in the names of files: runs that go on where others end make together what one makes [default: 0]",
                minimum: 0));
        Add(ShardOptions.Shard);
        _output =
            Added(Values.Text(
                "--output",
                "FOLDER",
                $"Write the pictures one by one to this folder: 00000.png, ... [default: {DefaultOutput}, if neither --grid nor --film is given]",
                "-o"));
        _grid = Added(Values.Text("--grid", "FILE", "Write one picture of all (png, jpg or webp)"));
        _columns = Added(Values.Whole("--columns", "N", "Pictures in a row of --grid [default: as good as square]"));
        _film = Added(
            Values.Text(
                "--film",
                "FILE",
                $"Write a film of the pictures, of {DrawingJob.MostFilmed} at most, coming out of the noise (gif)"));
        _force = Added(CommonOptions.Force());
        _label = Added(
            Values.Texts(
                "--label",
                "CLASS",
                "Draw this class; given several times, these classes in turn [default: all classes in turn, if the model has any]"));
        _unlabelled = Added(new Option<bool>("--unlabelled") { Description = "Draw without a class" });
        _guidance =
            Added(Values.Real(
                "--guidance",
                "SCALE",
                "How far a picture is pushed towards its class: 1 is not at all, 2 exaggerates and takes twice as long [default: the model's own]"));
        _sampler.AddTo(this);
        _batch = Added(
            Values.Whole(
                "--batch",
                "N",
                "Pictures that go through the network together [default: 16, or 256 on CUDA; fewer if they would take more than 1 GiB]"));
        _seed = Added(CommonOptions.Seed("Seed; picture i of a seed is the same however many are drawn"));
        _device = Added(CommonOptions.Device());
    }

    protected override Result Execute(ParseResult parsed, Session session)
    {
        RequireTogether(parsed);
        var shard = ShardOptions.Read(parsed, _count, _seed, [_grid, _film, _first]);
        _sampler.Check(parsed);
        var source = parsed.GetRequiredValue(_model);
        ModelSource.CheckExists(source); // before folders are made
        var (count, first, force) = (parsed.GetValue(_count) ?? DefaultCount, parsed.GetValue(_first), parsed.GetValue(_force));
        var grid = parsed.GetValue(_grid) is { } file ? OutputFile.Prepare(_grid.Name, file, force, OutputFile.Pictures) : null;
        var film = parsed.GetValue(_film) is { } path ? OutputFile.Prepare(_film.Name, path, force, OutputFile.Films) : null;
        var single = parsed.GetValue(_output) ?? (grid is null && film is null ? DefaultOutput : null);
        var folder = single is null || shard is not null
            ? null
            : new NumberedPictures(OutputFile.PrepareFolder(_output.Name, single, count, force, first ?? 0), first);

        var context = session.CreateContext();
        using var model = ModelSource.Load(context, source, parsed.GetValue(_device));
        var labels = Labels(parsed, model);
        var options = model.Generation with
        {
            Sampler = _sampler.Read(parsed, model),
            GuidanceScale = parsed.GetValue(_guidance) ?? model.Generation.GuidanceScale,
            BatchSize = parsed.GetValue(_batch) ?? model.Generation.BatchSize,
            Seed = parsed.GetValue(_seed) ?? Random.Shared.Next(),
            FirstImage = first ?? 0,
            CancellationToken = session.CancellationToken,
        };
        if (shard is { } part)
        {
            return new ShardJob(context, session, model, options, labels)
            {
                Shard = part,
                Count = count,
                Output = single!,
                Force = force,
                Model = source,
                Arguments = ShardOptions.Arguments(parsed, [_seed, _label, _unlabelled, _guidance, .. _sampler.All]),
            }.Run();
        }

        var job = new DrawingJob(context, session, model, options, labels, count)
        {
            Folder = folder,
            Grid = grid,
            Columns = parsed.GetValue(_columns),
            Film = film,
        };
        return job.Run();
    }

    private void RequireTogether(ParseResult parsed)
    {
        if (parsed.IsGiven(_columns) && !parsed.IsGiven(_grid))
        {
            throw new UsageException(
                $"{_columns.Name} needs {_grid.Name} FILE, because it is about its rows. Add it, or leave {_columns.Name} out.");
        }

        if (parsed.IsGiven(_label) && parsed.GetValue(_unlabelled))
        {
            throw new UsageException($"{_label.Name} and {_unlabelled.Name} exclude each other. Leave one out.");
        }
    }

    private IReadOnlyList<int>? Labels(ParseResult parsed, DiffusionTransformer model)
    {
        var asked = parsed.GetValue(_label);
        return asked is { Length: > 0 } ? [.. asked.Select(name => model.LabelOf(name))]
            : model.ClassNames.Count == 0 || parsed.GetValue(_unlabelled) ? null
            : [.. Enumerable.Range(0, model.ClassNames.Count)];
    }
}
