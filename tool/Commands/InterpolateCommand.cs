using System.CommandLine;
using Diffusion.Tool.Options;
using Diffusion.Tool.Running;
using Microsoft.ML.Diffusion.Samples;

namespace Diffusion.Tool.Commands;

/// <summary>diffusion interpolate: the way from one picture to another.</summary>
internal sealed class InterpolateCommand : ToolCommand
{
    private readonly Argument<string> _model;
    private readonly Argument<string> _from;
    private readonly Argument<string> _to;
    private readonly Option<int?> _count;
    private readonly Option<bool> _linear;
    private readonly Option<int?> _depth;
    private readonly Option<int?> _steps;
    private readonly Option<string?> _label;
    private readonly ReadingOptions _reading = new();
    private readonly Option<string?> _output;
    private readonly Option<string?> _frames;
    private readonly Option<string?> _film;
    private readonly Option<bool> _force;
    private readonly Option<long?> _seed;
    private readonly Option<string?> _device;

    public InterpolateCommand(CancellationToken cancellationToken)
        : base("interpolate", "Draw the way from one picture to another", cancellationToken)
    {
        _model = Added(CommonOptions.Model());
        _from = Added(new Argument<string>("A") { Description = "The picture to start from; its middle is brought to the model's size" });
        _to = Added(new Argument<string>("B") { Description = "The picture to end at" });
        _count = Added(
            Values.Whole("--count", "N", "Number of pictures, both ends as the model redraws them among them [default: 11]", minimum: 2));
        _linear =
            Added(new Option<bool>("--linear") { Description = "Go in a straight line between the noised pictures, as in the DDPM paper, not along the sphere of DDIM's latents" });
        _depth = Added(
            Values.Whole(
                "--depth",
                "T",
                "With --linear, the timestep to which the pictures are noised: more forgets more of them [default: half of all]",
                minimum: 0));
        _steps = Added(Values.Whole("--steps", "N", "Steps of drawing a picture [default: 50, or 250 with --linear]"));
        _label = Added(Values.Text("--label", "CLASS", "The class that all are drawn with [default: none]"));
        _reading.AddTo(this);
        _output =
            Added(Values.Text("--output", "FILE", "The row of pictures to write (png, jpg or webp) [default: interpolation.png]", "-o"));
        _frames = Added(Values.Text("--frames", "FOLDER", "Also write the pictures one by one: 00000.png, ..."));
        _film = Added(Values.Text("--film", "FILE", "Also write a film of the way there and back (gif)"));
        _force = Added(CommonOptions.Force());
        _seed = Added(CommonOptions.Seed("Seed of the noise with --linear"));
        _device = Added(CommonOptions.Device());
    }

    protected override Result Execute(ParseResult parsed, Session session)
    {
        if (parsed.IsGiven(_depth) && !parsed.GetValue(_linear))
        {
            throw new UsageException(
                $"{_depth.Name} needs {_linear.Name}, because the way along the sphere has no depth. Add it, or leave {_depth.Name} out.");
        }

        var (source, first, last) = (parsed.GetRequiredValue(_model), parsed.GetRequiredValue(_from), parsed.GetRequiredValue(_to));
        Array.ForEach([source, first, last], ModelSource.CheckExists); // before folders are made
        var (count, force) = (parsed.GetValue(_count) ?? 11, parsed.GetValue(_force));
        var output = OutputFile.Prepare(_output.Name, parsed.GetValue(_output) ?? "interpolation.png", force, OutputFile.Pictures);
        var film = parsed.GetValue(_film) is { } file ? OutputFile.Prepare(_film.Name, file, force, OutputFile.Films) : null;
        var frames =
            parsed.GetValue(_frames) is { } folder
                ? new NumberedPictures(OutputFile.PrepareFolder(_frames.Name, folder, count, force))
                : null;

        var context = session.CreateContext();
        using var model = ModelSource.Load(context, source, parsed.GetValue(_device));
        var seed = parsed.GetValue(_seed) ?? Random.Shared.Next();
        var size = _reading.Apply(parsed, new ImageFolderOptions { Width = model.ImageWidth, Height = model.ImageHeight });
        using var from = context.Diffusion.LoadImage(first, size);
        using var to = context.Diffusion.LoadImage(last, size);
        var pictures = session.Show("Drawing", () => model.Interpolate(from, to, count, ReadOptions(parsed, model, seed, session)));

        using (var row = ImageGrid.Create(pictures, pictures.Length, padding: 1))
        {
            WholeFile.Write(output, row.Save);
        }

        Array.ForEach(pictures, picture => frames?.Add(picture));
        frames?.DeleteRest();
        if (film is not null)
        {
            AnimatedGif.Save(film, [.. pictures, .. pictures.Reverse()]);
        }

        Array.ForEach(pictures, picture => picture.Dispose());
        return ToResult(output, frames, film, parsed.GetValue(_linear), seed, pictures.Length);
    }

    private InterpolationOptions ReadOptions(ParseResult parsed, DiffusionTransformer model, long seed, Session session)
    {
        var (isLinear, steps) = (parsed.GetValue(_linear), parsed.GetValue(_steps));
        return new InterpolationOptions
        {
            Path = isLinear ? InterpolationPath.Linear : InterpolationPath.Spherical,
            Sampler = steps is null ? null : isLinear ? new DdpmSampler(steps.Value) : new DdimSampler(steps.Value),
            Depth = parsed.GetValue(_depth),
            Label = parsed.GetValue(_label) is { } label ? model.LabelOf(label) : null,
            Seed = seed,
            CancellationToken = session.CancellationToken,
        };
    }

    private static Result ToResult(string output, NumberedPictures? frames, string? film, bool isLinear, long seed, int count)
    {
        string?[] lines =
        [
            $"Wrote {output}: {count} pictures {(isLinear ? $"along a straight line, seed {seed}" : "along the sphere")}",
            frames is null ? null : $"Wrote {frames}",
            film is null ? null : $"Wrote {film}",
        ];
        return new Result(lines, new
        {
            Output = output,
            Path = isLinear ? InterpolationPath.Linear : InterpolationPath.Spherical,
            Count = count,
            Seed = isLinear ? seed : (long?)null,
            Frames = frames?.Files,
            Film = film,
        });
    }
}
