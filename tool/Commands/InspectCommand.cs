using System.CommandLine;
using Diffusion.Tool.Options;
using Diffusion.Tool.Running;
using Microsoft.ML.Diffusion.Samples;

namespace Diffusion.Tool.Commands;

/// <summary>diffusion inspect: a look into a file or folder of anyone, of which nothing is loaded or run.</summary>
internal sealed class InspectCommand : ToolCommand
{
    private readonly Argument<string> _path;
    private readonly ReadingOptions _reading = new();
    private readonly LabelOptions _labels = new();

    public InspectCommand(CancellationToken cancellationToken)
        : base(
            "inspect",
            "Look into a model zip, a folder of Python's diffusers or a folder of pictures without loading it",
            cancellationToken)
    {
        _path = Added(
            new Argument<string>("PATH") { Description = "A model.zip, a folder of Python's diffusers, or a folder of pictures" });
        _reading.AddTo(this);
        Add(_labels.Field);
    }

    protected override Result Execute(ParseResult parsed, Session session)
    {
        var path = parsed.GetRequiredValue(_path);
        ModelSource.CheckExists(path);
        var options = _reading.Apply(parsed, new ImageFolderOptions { LabelField = parsed.GetValue(_labels.Field), CancellationToken = session.CancellationToken });
        var diffusion = session.CreateContext().Diffusion;
        return !Directory.Exists(path) ? Of(path, diffusion.InspectModel(path))
            : ModelSource.IsDiffusers(path) ? Of(path, diffusion.InspectDiffusers(path))
            : Of(
                path,
                session.Show(
                    "Reading pictures",
                    () => diffusion.InspectImages(path, options)));
    }

    private static Result Of(string path, ModelFileInfo model)
    {
        string?[] lines =
        [
            $"Model     {model.Description}",
            $"Training  {model.Training?.ToString() ?? "unknown"}",
            $"Format    {model.FormatVersion}, written by {model.Library}{(model.StreamsVersion is { } streams ? FormattableString.Invariant($", random numbers of version {streams}") : "; a seed draws other images now than then")}",
            $"Code      {(model.Assemblies.Count == 0 ? "none" : string.Join("; ", model.Assemblies))}",
            .. model.Entries.Select(
                entry => FormattableString.Invariant($"Entry     {entry.Name}: {entry.Bytes:N0} bytes, {entry.CompressedBytes:N0} in the file")),
            $"SHA-256   {(model.HashesMatch ? "the weights match theirs" : "THE WEIGHTS DO NOT MATCH THEIRS: the file is damaged, use another copy")}",
        ];
        var document = new
        {
            Kind = "model",
            Path = path,
            model.FormatVersion,
            model.Library,
            model.Description,
            Training = ModelDocument.Training(model.Training),
            model.Entries,
            model.Assemblies,
            model.HashesMatch,
            model.StreamsVersion,
        };
        return new Result(lines, document, model.HashesMatch ? 0 : Shell.Failed);
    }

    private static Result Of(string path, DiffusersFolderInfo model) => new([model.ToString()], new
    {
        Kind = "diffusers",
        Path = path,
        model.Pipeline,
        model.Description,
        model.Generation,
        model.ClassNames,
        model.WeightsFile,
        model.WeightTypes,
        model.NumberOfTensors,
        model.NumberOfParameters,
    });

    private static Result Of(string path, ImageFolderInfo images)
    {
        var skipped = images.Skipped.Select(file => $"  {file.Path}: {file.GetReason(TypedNames.Of)}");
        return new Result([images.ToString(), .. skipped], new
        {
            Kind = "pictures",
            Path = path,
            images.Count,
            images.GreyCount,
            images.BlankCount,
            images.Sizes,
            images.Classes,
            images.MetadataFiles,
            images.DeepImages,
            Skipped = SkippedDocument.Of(images.Skipped),
        });
    }
}
