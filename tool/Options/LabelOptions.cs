using System.CommandLine;
using Diffusion.Tool.Running;

namespace Diffusion.Tool.Options;

/// <summary>The options that say which class each picture is of.</summary>
internal sealed class LabelOptions
{
    private readonly Option<bool> _fromFolders =
        new("--labels-from-folders") { Description = "Take the names of the folders in IMAGES as the classes of the pictures in them" };

    public void AddTo(Command command)
    {
        command.Add(_fromFolders);
        command.Add(Field);
    }

    /// <summary>Gets the field of metadata files, which other commands have alone.</summary>
    public Option<string?> Field { get; } =
        Values.Text(
            "--labels-from",
            "FIELD",
            "Take this field of the pictures' metadata.csv or metadata.jsonl, which names them in file_name, as their classes");

    /// <summary>Whether pictures have classes.</summary>
    public bool AreAsked(ParseResult parsed) => parsed.GetValue(_fromFolders) || parsed.IsGiven(Field);

    /// <summary>Fills in where classes are.</summary>
    public ImageFolderOptions Apply(ParseResult parsed, ImageFolderOptions options) => parsed.GetValue(_fromFolders) && parsed.IsGiven(Field)
        ? throw new UsageException($"{_fromFolders.Name} and {Field.Name} exclude each other. Leave one out.")
        : options with { LabelField = parsed.GetValue(Field) };
}
