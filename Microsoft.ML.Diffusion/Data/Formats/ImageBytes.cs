using Microsoft.ML.Diffusion.Runtime;
using Microsoft.Win32.SafeHandles;

namespace Microsoft.ML.Diffusion.Data.Formats;

/// <summary>The bytes of a file, read where they are asked for: what a file is shows in its beginning, before its body is read.</summary>
internal sealed class ImageBytes : IDisposable
{
    private readonly SafeFileHandle? _file;
    private readonly byte[] _content = [];

    private ImageBytes(SafeFileHandle file, int length) => (_file, Length) = (file, length);

    private ImageBytes(byte[] content) => (_content, Length) = (content, content.Length);

    public int Length { get; }

    /// <summary>Opens a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="maximumBytes">The most bytes that it may have.</param>
    /// <exception cref="InvalidDataException">It is empty or too long: the message is the reason.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Permissions forbid reading it.</exception>
    /// <remarks>
    /// The length is asked for before the file is opened: pipes and devices have none, and opening a pipe could wait for ever.
    /// </remarks>
    public static ImageBytes Open(string path, int maximumBytes)
    {
        var file = new FileInfo(path);
        var length = ((FileInfo?)file.ResolveLinkTarget(returnFinalTarget: true) ?? file).Length;
        if (length == 0)
        {
            throw new InvalidDataException("the file is empty");
        }

        if (length > maximumBytes)
        {
            throw OptionMessages.Of(
                $"the file has {length} bytes, more than {new OptionName(nameof(ImageFolderOptions.MaximumFileBytes))} ({maximumBytes})",
                message => new InvalidDataException(message));
        }

        return new(File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete), (int)length);
    }

    public static ImageBytes Of(byte[] content) => new(content);

    /// <summary>The first bytes, fewer if the file has not as many.</summary>
    public byte[] Start(int count) => Read(0, Math.Min(count, Length));

    /// <exception cref="EndOfStreamException">The file does not reach so far, which is found before memory is asked for.</exception>
    public byte[] Read(long offset, long count)
    {
        if (offset < 0 || count < 0 || offset > Length - count)
        {
            throw new EndOfStreamException();
        }

        if (_file is null)
        {
            return _content.AsSpan((int)offset, (int)count).ToArray();
        }

        var bytes = new byte[count];
        for (var read = 0; read < bytes.Length;)
        {
            var more = RandomAccess.Read(_file, bytes.AsSpan(read), offset + read);
            read += more > 0 ? more : throw new InvalidDataException("the file became shorter while it was read");
        }

        return bytes;
    }

    public byte[] All() => _file is null ? _content : Read(0, Length);

    public void Dispose() => _file?.Dispose();
}
