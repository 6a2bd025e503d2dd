using System.Text.RegularExpressions;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Data.Files;

/// <summary>Finds the class of each file of a folder in its metadata files.</summary>
internal sealed partial class MetadataLabels
{
    private readonly ImageFolderOptions _options;
    private readonly Dictionary<string, int> _files = new(RealPath.Comparer);
    private readonly Dictionary<string, string> _names = new(StringComparer.Ordinal); // one text for each class, not for each image
    private readonly string?[] _labels;
    private readonly (MetadataFile? File, int Line)[] _places;
    private readonly List<SkippedFile> _skipped = [];

    private MetadataLabels(IReadOnlyList<string> paths, ImageFolderOptions options)
    {
        _options = options;
        foreach (var (index, path) in paths.Index())
        {
            _files.TryAdd(path, index);
        }

        (_labels, _places) = (new string?[paths.Count], new (MetadataFile?, int)[paths.Count]);
    }

    /// <summary>Reads metadata files.</summary>
    /// <param name="folder">The folder, for messages.</param>
    /// <param name="metadata">Its metadata files.</param>
    /// <param name="paths">The other files, from the folder.</param>
    /// <param name="options">With the field of classes.</param>
    /// <returns>The label of each file, null where it has none; and the files that are named and not there.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A file has no such field.</exception>
    /// <exception cref="FormatException">A file cannot be understood, or contradicts itself.</exception>
    /// <exception cref="InvalidOperationException">There is no file, or a folder has two.</exception>
    public static (IReadOnlyList<string?> Labels, IReadOnlyList<SkippedFile> Skipped) Read(
        string folder,
        IReadOnlyList<MetadataFile> metadata,
        IReadOnlyList<string> paths,
        ImageFolderOptions options)
    {
        CheckFiles(folder, metadata, paths, options.LabelField!);
        var labels = new MetadataLabels(paths, options);
        foreach (var file in metadata)
        {
            labels.Add(file);
        }

        return (labels._labels, labels._skipped);
    }

    private static void CheckFiles(string folder, IReadOnlyList<MetadataFile> metadata, IReadOnlyList<string> paths, string field)
    {
        if (metadata.Count == 0)
        {
            var parquet = paths.FirstOrDefault(path => path.EndsWith("metadata.parquet", StringComparison.OrdinalIgnoreCase));
            throw OptionMessages.Of(
                $"{new OptionName(nameof(ImageFolderOptions.LabelField))} '{field}' needs a metadata.csv or metadata.jsonl in '{folder}' or below, which names images and their classes, but there is none.{(parquet is null ? "" : $" '{parquet}' cannot be read: save it as CSV.")}",
                message => new InvalidOperationException(message));
        }

        if (metadata.GroupBy(file => file.Folder).FirstOrDefault(files => files.Count() > 1) is { } both)
        {
            throw new InvalidOperationException(
                $"'{string.Join("' and '", both.Select(file => file.Path))}' are about the same images, and it is open which counts. Remove one.");
        }
    }

    private void Add(MetadataFile file)
    {
        try
        {
            CheckNames(file, file.Fields(_options.MaximumFileBytes));
            var fields = file.Each(_options.LabelField!, _options.MaximumFileBytes, row => Add(file, row));
            CheckLabel(file, fields);
        }
        catch (InvalidDataException broken)
        {
            throw OptionMessages.Of($"{file.Path}: {OptionMessages.TextOf(broken)}.", message => new FormatException(message, broken));
        }
    }

    private static void CheckNames(MetadataFile file, IReadOnlyList<string> fields)
    {
        if (!fields.Any(MetadataFile.NamesImages))
        {
            throw new InvalidDataException(
                $"it has no field '{MetadataFile.FileName}', which names the image of a line, but {(fields.Count == 0 ? "none at all" : NearestName.List(fields))}");
        }
    }

    private void CheckLabel(MetadataFile file, IReadOnlyList<string> fields) => Check.Require(
        fields.Contains(_options.LabelField!),
        nameof(ImageFolderOptions.LabelField),
        _options.LabelField,
        $"must be a field of '{file.Path}', which has {NearestName.List(fields)}.{NearestName.Question(_options.LabelField, fields)} Leave it null to take the classes from the folders' names");

    private void Add(MetadataFile file, MetadataRow row)
    {
        _options.CancellationToken.ThrowIfCancellationRequested();
        if (row.Names.Count == 0)
        {
            throw new BrokenLineException(row.Line, "it names no image");
        }

        foreach (var name in row.Names)
        {
            if (PathOf(file.Folder, name) is not { } path)
            {
                _skipped.Add(new(name, FormattableString.Invariant($"line {row.Line} of '{file.Path}' names it, but it is outside of the folder")));
            }
            else if (!_files.TryGetValue(path, out var index))
            {
                _skipped.Add(new(path, FormattableString.Invariant($"line {row.Line} of '{file.Path}' names it, but there is no such file")));
            }
            else if (row.Label is { } label)
            {
                Add(file, row.Line, index, label);
            }
        }
    }

    private void Add(MetadataFile file, int line, int index, string label)
    {
        if (_labels[index] is { } other && other != label)
        {
            var (otherFile, otherLine) = _places[index];
            throw new BrokenLineException(
                line,
                FormattableString.Invariant($"an image is '{label}' that is '{other}' in line {otherLine}{(otherFile == file ? "" : $" of '{otherFile!.Path}'")}"));
        }

        (_labels[index], _places[index]) = (Shared(label), (file, line));
    }

    private string Shared(string label)
    {
        if (!_names.TryGetValue(label, out var shared))
        {
            _names.Add(label, shared = label);
        }

        return shared;
    }

    // From the folder that was loaded; null if it is not below it. No file is opened by it: it is only looked for among those that were found.
    private static string? PathOf(string folder, string name)
    {
        name = name.Replace('\\', '/');
        if (Rooted().IsMatch(name))
        {
            return null;
        }

        List<string> path = [];
        foreach (var step in (folder + name).Split('/', StringSplitOptions.RemoveEmptyEntries).Where(step => step != "."))
        {
            if (step != "..")
            {
                path.Add(step);
            }
            else if (path.Count == 0)
            {
                return null;
            }
            else
            {
                path.RemoveAt(path.Count - 1);
            }
        }

        return string.Join('/', path);
    }

    [GeneratedRegex("^(/|[A-Za-z]:/)")]
    private static partial Regex Rooted();
}
