using System.CommandLine;
using Diffusion.Tool.Running;

namespace Diffusion.Tool.Options;

/// <summary>The options that decide what a folder's pictures become.</summary>
internal sealed class PictureOptions
{
    private const int DefaultSide = 32;

    private readonly Option<(int Width, int Height)?> _size =
        Values.Size(
            "--size",
            $"Side of the squares that pictures are brought to, or width and height such as 96x64 [default: {DefaultSide}]");
    private readonly Option<string?> _fit =
        Values.Choice(
            "--fit",
            "HOW",
            "How pictures of another shape are brought to it: crop takes the middle, pad adds --background, stretch distorts [default: crop]",
            ["crop", "pad", "stretch"]);
    private readonly Option<bool> _grayscale = new("--grayscale") { Description = "Turn colours into greys" };

    private readonly ReadingOptions _reading = new();

    /// <summary>Adds them; without the size where a model has one.</summary>
    public void AddTo(Command command, bool isSized = true)
    {
        if (isSized)
        {
            command.Add(_size);
        }

        command.Add(_fit);
        command.Add(_grayscale);
        _reading.AddTo(command);
    }

    /// <summary>The option that a model which is trained on has decided already.</summary>
    public Option Size => _size;

    /// <summary>Reads how the pictures are loaded, in a size that the network can halve.</summary>
    /// <param name="parsed">What was typed.</param>
    /// <param name="network">The network; <see langword="null"/> where it is planned by the size.</param>
    /// <param name="previous">The model to train on, which has a size.</param>
    public ImageFolderOptions Read(ParseResult parsed, UNetOptions? network, DiffusionTransformer? previous)
    {
        var (width, height) =
            previous is not null ? (previous.ImageWidth, previous.ImageHeight) : parsed.GetValue(_size) ?? (DefaultSide, DefaultSide);
        var factor = network?.DownsamplingFactor ?? 1;
        if (width % factor != 0 || height % factor != 0)
        {
            throw new UsageException(
                $"--size must be a multiple of {factor}, because the network halves pictures at every level but the last{(network!.PatchSize > 1 ? " and folds patches" : "")}, but is {width}x{height}. Change it, or give fewer --multipliers{(network.PatchSize > 1 ? " or a smaller --patch" : "")}.");
        }

        var options = new ImageFolderOptions
        {
            Width = width,
            Height = height,
            Fit = parsed.GetValue(_fit) switch { "pad" => ImageFit.Pad, "stretch" => ImageFit.Stretch, _ => ImageFit.Crop },
            Grayscale = parsed.GetValue(_grayscale),
        };
        return _reading.Apply(parsed, options);
    }
}
