using System.CommandLine;
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

    public void AddTo(Command command)
    {
        command.Add(_maximumPixels);
        command.Add(_maximumFileBytes);
    }

    /// <summary>Fills in how files are read.</summary>
    public ImageFolderOptions Apply(ParseResult parsed, ImageFolderOptions options) => options with
    {
        MaximumPixels = parsed.GetValue(_maximumPixels) ?? options.MaximumPixels,
        MaximumFileBytes = parsed.GetValue(_maximumFileBytes) ?? options.MaximumFileBytes,
    };

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
