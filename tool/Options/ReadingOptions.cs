using System.CommandLine;
using System.Drawing;
using System.Globalization;

namespace Diffusion.Tool.Options;

/// <summary>The options that decide which files of pictures are read, and how.</summary>
internal sealed class ReadingOptions
{
    private static readonly ImageFolderOptions _defaults = new();

    private readonly Option<int?> _maximumPixels =
        Values.Whole(
            "--maximum-pixels",
            "N",
            $"Skip pictures of more pixels, before any is decoded [default: {Number(_defaults.MaximumPixels)}]");
    private readonly Option<int?> _maximumFileBytes =
        Values.Whole(
            "--maximum-file-bytes",
            "N",
            $"Skip files of more bytes, without reading them [default: {Number(_defaults.MaximumFileBytes)}]");

    private readonly Option<Color?> _background =
        Values.Colour("--background", "Colour behind transparent pictures, and around those that --fit pad makes fit [default: white]");
    private readonly Option<PixelRange?> _pixelRange =
        Values.Range(
            "--pixel-range",
            "Numbers of pictures with more than 8 bits a channel that become black and white: automatic, full, used, percentiles or such as 0..4095 [default: automatic]");

    public void AddTo(Command command)
    {
        command.Add(_background);
        command.Add(_pixelRange);
        command.Add(_maximumPixels);
        command.Add(_maximumFileBytes);
    }

    /// <summary>Fills in how files are read.</summary>
    public ImageFolderOptions Apply(ParseResult parsed, ImageFolderOptions options) => options with
    {
        Background = parsed.GetValue(_background) ?? options.Background,
        PixelRange = parsed.GetValue(_pixelRange) ?? options.PixelRange,
        MaximumPixels = parsed.GetValue(_maximumPixels) ?? options.MaximumPixels,
        MaximumFileBytes = parsed.GetValue(_maximumFileBytes) ?? options.MaximumFileBytes,
    };

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
