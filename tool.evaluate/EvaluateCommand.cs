using System.CommandLine;
using Diffusion.Tool.Commands;
using Diffusion.Tool.Options;
using Diffusion.Tool.Running;

namespace Diffusion.Evaluate;

/// <summary>diffusion evaluate: how good generated images are, and whether they are copies.</summary>
internal sealed class EvaluateCommand : ToolCommand
{
    public const string Typed = "evaluate";

    private readonly Argument<string> _real;
    private readonly Argument<string> _generated;
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
            new Argument<string>("REAL") { Description = "A folder of real images: those that were learned from, or, with --training, others" });
        _generated = Added(
            new Argument<string>("GENERATED") { Description = "A folder of generated images, or a model to generate them with: a model.zip, or a folder of Python's diffusers" });
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
        var (real, generated, training) = (parsed.GetRequiredValue(_real), parsed.GetRequiredValue(_generated), parsed.GetValue(_training));
        foreach (var folder in new[] { real, training }.OfType<string>().Where(folder => !Directory.Exists(folder)))
        {
            throw new ToolException($"There is no folder '{folder}'.");
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
        };
        return job.Run(real, generated, isModel ? parsed.GetValue(_count) ?? 1000 : null, training);
    }
}
