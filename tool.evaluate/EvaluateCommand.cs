using System.CommandLine;
using Diffusion.Tool.Commands;
using Diffusion.Tool.Options;
using Diffusion.Tool.Running;

namespace Diffusion.Evaluate;

/// <summary>diffusion evaluate: how good generated images are, and whether they are copies.</summary>
internal sealed class EvaluateCommand : ToolCommand
{
    public const string Typed = "evaluate";

    private readonly Argument<string?> _real;
    private readonly Argument<string?> _generated;
    private readonly Option<string?> _save;
    private readonly Option<string[]> _merge;
    private readonly Option<string?> _training;
    private readonly Option<string?> _sheet;
    private readonly Option<bool> _force;
    private readonly Option<int?> _count;
    private readonly Option<(int Width, int Height)?> _size;
    private readonly Option<string?> _fit;
    private readonly ReadingOptions _reading = new();
    private readonly Option<long?> _seed;
    private readonly Option<string?> _device;

    public EvaluateCommand(CancellationToken cancellationToken)
        : base(Typed, "Judge generated images beside real ones by the features of ML.NET's ResNet-18, and find copies", cancellationToken)
    {
        _real = Added(
            new Argument<string?>("REAL")
            {
                Arity = ArgumentArity.ZeroOrOne,
                Description = "A folder of real images: those that were learned from, or, with --training, others; or a file of --save, for those that it was beside and the Frechet distance alone",
            });
        _generated = Added(
            new Argument<string?>("GENERATED")
            {
                Arity = ArgumentArity.ZeroOrOne,
                Description = "A folder of generated images, or a model to generate them with: a model.zip, or a folder of Python's diffusers",
            });
        _training = Added(
            Values.Text(
                "--training",
                "FOLDER",
                "The images that were learned from, if REAL are others: then those tell how near new images are to them"));
        _sheet = Added(
            Values.Text(
                "--sheet",
                "FILE",
                "Write the ten generated images that are nearest to a training image, each above that (png, jpg or webp)"));
        _save = Added(Values.Text("--save", "FILE", "Write what --merge needs: means and covariances of both sets, 2 MB"));
        _merge = Added(
            Values.Texts(
                "--merge",
                "FILES",
                "Instead of REAL and GENERATED: files of --save of parts of the generated images, beside the same real ones, for the Frechet distance of all"));
        _merge.AllowMultipleArgumentsPerToken = true;
        _force = Added(CommonOptions.Force());
        _count = Added(Values.Whole("--count", "N", "Number of images to generate, if GENERATED is a model [default: 1000]", minimum: 4));
        _size = Added(
            Values.Size(
                "--size",
                "Side of the squares that all images are brought to first, or width and height such as 96x64 [default: as most of the generated ones]"));
        _fit =
            Added(Values.Choice(
                "--fit",
                "HOW",
                "How images of another shape are brought to it, best as in training: crop takes the middle, pad adds --background, stretch distorts [default: crop]",
                ["crop", "pad", "stretch"]));
        _reading.AddTo(this);
        _seed = Added(Values.Seed("Seed of the halves of REAL, and of generated images [default: 1]"));
        _device = Added(CommonOptions.Device());
    }

    protected override Result Execute(ParseResult parsed, Session session)
    {
        if (parsed.GetValue(_merge) is { Length: > 0 } files)
        {
            return Merge(parsed, files);
        }

        var (real, generated, training) = (Required(parsed, _real), Required(parsed, _generated), parsed.GetValue(_training));
        foreach (var folder in new[] { File.Exists(real) ? null : real, training }.OfType<string>().Where(folder => !Directory.Exists(folder)))
        {
            throw new ToolException($"There is no folder '{folder}'.");
        }

        if (File.Exists(real) && Array.Find<Option>([_training, _sheet, _size, _fit], parsed.IsGiven) is { } other)
        {
            throw new UsageException(
                $"{other.Name} is for a folder as REAL, because a file of --save has means and covariances of images of a size, and no images. Leave it out.");
        }

        if (training is not null && FullPath(training) == FullPath(real))
        {
            throw new UsageException(
                $"{_training.Name} is for when REAL has other images than those that were learned from, but both are '{real}'. Leave it out.");
        }

        ModelSource.CheckExists(generated);
        var isModel = File.Exists(generated) || ModelSource.IsDiffusers(generated);
        if (parsed.IsGiven(_count) && !isModel)
        {
            throw new UsageException(
                $"{_count.Name} is for a model, because of a folder all images are taken, but '{generated}' is a folder. Leave it out.");
        }

        if (parsed.IsGiven(_size) && isModel)
        {
            throw new UsageException(
                $"{_size.Name} is for folders, because the images of a model have a size, to which the real ones are brought. Leave it out.");
        }

        var sheet =
            parsed.GetValue(_sheet) is { } file ? OutputFile.Prepare(_sheet.Name, file, parsed.GetValue(_force), OutputFile.Pictures) : null;
        var save = parsed.GetValue(_save) is { } place ? OutputFile.Prepare(_save.Name, place, parsed.GetValue(_force)) : null;
        var job = new EvaluationJob(session.CreateContext(), session)
        {
            Pictures = _reading.Apply(parsed, new ImageFolderOptions
            {
                Width = parsed.GetValue(_size)?.Width,
                Height = parsed.GetValue(_size)?.Height,
                Fit = parsed.GetValue(_fit) switch { "pad" => ImageFit.Pad, "stretch" => ImageFit.Stretch, _ => ImageFit.Crop },
                CancellationToken = session.CancellationToken,
            }),
            Seed = parsed.GetValue(_seed) ?? 1,
            Device = parsed.GetValue(_device),
            Sheet = sheet,
            Save = save,
        };
        return job.Run(real, generated, isModel ? parsed.GetValue(_count) ?? 1000 : null, training);
    }

    private Result Merge(ParseResult parsed, string[] files)
    {
        if (parsed.GetResult(_real) is { Tokens.Count: > 0 }
            || Options.FirstOrDefault(option => option != _merge && parsed.IsGiven(option)) is not null)
        {
            throw new UsageException($"{_merge.Name} stands alone with its files, because all else is decided in them. Leave out what is beside it.");
        }

        return Array.Find(files, file => !File.Exists(file)) is { } missing
            ? throw new ToolException($"There is no file '{missing}'.")
            : StatisticsResult.Merge(files);
    }

    private static string FullPath(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));

    // With --merge there are none, so that the parser cannot ask for them.
    private static string Required(ParseResult parsed, Argument<string?> argument) => parsed.GetValue(argument)
        ?? throw new UsageException($"{argument.Name} is missing: {argument.Description}. 'diffusion {Typed} --help' lists what can be given.");
}
