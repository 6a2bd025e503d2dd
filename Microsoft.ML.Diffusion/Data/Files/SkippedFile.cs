using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <summary>A file, or a folder that cannot be listed, of which no row was made.</summary>
public sealed class SkippedFile
{
    private readonly OptionText _reason;

    internal SkippedFile(string path, string reason)
        : this(path, OptionText.Of(reason))
    {
    }

    internal SkippedFile(string path, OptionText reason) => (Path, Reason, _reason) = (path, reason.ToString(), reason);

    /// <summary>Gets where the file is, from the folder that was loaded, with <c>/</c> between names.</summary>
    public string Path { get; }

    /// <summary>Gets why no row was made of it, as docs/images.md lists the reasons.</summary>
    public string Reason { get; }

    /// <summary>Says why no row was made of it, with a program's own names of options: <see cref="OptionMessages"/>.</summary>
    /// <param name="nameOf">The program's name for an option such as <c>MaximumPixels</c>; <see langword="null"/> keeps the library's.</param>
    public string GetReason(Func<string, string?> nameOf)
    {
        ArgumentNullException.ThrowIfNull(nameOf);
        return _reason.ToString(nameOf);
    }

    /// <summary>Says why a file or folder cannot be read.</summary>
    internal static OptionText ReasonOf(Exception exception, string what) => exception switch
    {
        InvalidDataException => OptionMessages.TextOf(exception),
        UnauthorizedAccessException => $"permissions forbid reading {what}",
        FileNotFoundException or DirectoryNotFoundException => $"{what} is not there any more, or is a link to nothing",
        _ => $"{what} cannot be read ({exception.Message})",
    };

    internal OptionText ReasonText => _reason;

    /// <inheritdoc/>
    public override string ToString() => RecordText.Of(this);
}
