using System.Text;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Data.Files;

/// <summary>A file beside images that says more of them, one line an image: <c>metadata.csv</c> or <c>metadata.jsonl</c>, as image folders of Hugging Face have it.</summary>
/// <param name="FullPath">Where the file is.</param>
/// <param name="Path">Where it is from the folder that was loaded.</param>
internal sealed record MetadataFile(string FullPath, string Path)
{
    /// <summary>The field that names the image of a line; also <c>NAME_file_name</c>, for lines of several images, and lists of names, in the plural.</summary>
    public const string FileName = "file_name";

    private const string CsvName = "metadata.csv";
    private const string JsonLinesName = "metadata.jsonl";
    private const string FileNames = FileName + "s";

    /// <summary>The folder whose images it is about, with a <c>/</c> at its end unless it is the one that was loaded.</summary>
    public string Folder => Path[..(Path.LastIndexOf('/') + 1)];

    private bool IsCsv => Path.EndsWith(".csv", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a file is one, by its name.</summary>
    public static bool IsNamed(string path)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        return name.Equals(CsvName, StringComparison.OrdinalIgnoreCase) || name.Equals(JsonLinesName, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Whether a field names images.</summary>
    public static bool NamesImages(string field) =>
        field is FileName or FileNames
            || field.EndsWith("_" + FileName, StringComparison.Ordinal)
            || field.EndsWith("_" + FileNames, StringComparison.Ordinal);

    /// <summary>The names of its fields: those of the header, or of the first line of JSON.</summary>
    /// <exception cref="InvalidDataException">It cannot be understood; the message is the reason.</exception>
    public IReadOnlyList<string> Fields(int maximumBytes) =>
        Read(maximumBytes, reader => IsCsv ? CsvMetadata.Fields(reader) : JsonLinesMetadata.Fields(reader));

    /// <summary>Does something with each line.</summary>
    /// <param name="labelField">The field of the class.</param>
    /// <param name="maximumBytes">The most bytes that the file may have.</param>
    /// <param name="body">What to do.</param>
    /// <returns>The names of its fields.</returns>
    /// <exception cref="InvalidDataException">It cannot be understood; the message is the reason.</exception>
    public IReadOnlyList<string> Each(string labelField, int maximumBytes, Action<MetadataRow> body) =>
        Read(maximumBytes, reader => IsCsv ? CsvMetadata.Each(reader, labelField, body) : JsonLinesMetadata.Each(reader, labelField, body));

    private T Read<T>(int maximumBytes, Func<TextReader, T> read)
    {
        try
        {
            var length = new FileInfo(FullPath).Length;
            if (length > maximumBytes)
            {
                throw OptionMessages.Of(
                    $"the file has {length} bytes, more than {new OptionName(nameof(ImageFolderOptions.MaximumFileBytes))} ({maximumBytes})",
                    message => new InvalidDataException(message));
            }

            using var reader = new StreamReader(FullPath, new UTF8Encoding(false, throwOnInvalidBytes: true));
            return read(reader);
        }
        catch (BrokenLineException broken)
        {
            throw new InvalidDataException(broken.Message, broken);
        }
        catch (DecoderFallbackException notText)
        {
            throw new InvalidDataException("it is no UTF-8 text: save it so, in a spreadsheet as 'CSV UTF-8'", notText);
        }
    }
}
