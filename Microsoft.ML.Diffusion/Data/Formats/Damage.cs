using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Data.Formats;

/// <summary>What is said of files that are not what they should be.</summary>
internal static class Damage
{
    public static InvalidDataException In(string format) => new($"its {format} data are damaged");

    public static InvalidDataException CutShort(string format) => new($"its {format} data are cut short");

    public static InvalidDataException Unreadable(string format, string what) =>
        new($"it is a {format} file of {what}, which cannot be read; convert it to PNG");

    /// <summary>Says whether what left a decoder is about the file: any exception of the decoders of this library, which run over bytes of anyone.</summary>
    public static InvalidDataException? Of(Exception exception, string format) => exception switch
    {
        EndOfStreamException => CutShort(format),
        InvalidDataException or IOException or UnauthorizedAccessException => null,
        OutOfMemoryException => new("it needs more memory than there is"),
        _ when ProgramFault.Is(exception) => null,
        _ => In(format),
    };

    /// <summary>
    /// Whether inflating bytes in memory failed at what they are. .NET has an IOException of its own, too, for streams that need a dictionary.
    /// </summary>
    public static bool IsOfDeflate(Exception exception) => exception is InvalidDataException or (IOException and not EndOfStreamException);

    /// <exception cref="InvalidDataException">The size is none, or of more pixels than allowed.</exception>
    public static void CheckSize(long width, long height, int maximumPixels, string format)
    {
        if (width < 1 || height < 1)
        {
            throw In(format);
        }

        if (width > maximumPixels || width * height > maximumPixels)
        {
            throw OptionMessages.Of(
                $"it has {width}x{height} pixels, more than {new OptionName(nameof(ImageFolderOptions.MaximumPixels))} ({maximumPixels})",
                message => new InvalidDataException(message));
        }
    }
}
