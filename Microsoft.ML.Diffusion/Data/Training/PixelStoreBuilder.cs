using System.Runtime.InteropServices;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Data.Training;

/// <summary>Gathers images for a <see cref="PixelStore"/>: in memory up to a limit, then in a temporary file.</summary>
/// <param name="imageBytes">Bytes of one image.</param>
/// <param name="maximumMemory">Bytes of all images that may stay in memory.</param>
/// <param name="temporaryFolder">Where the file goes.</param>
internal sealed unsafe class PixelStoreBuilder(int imageBytes, long maximumMemory, string temporaryFolder) : IDisposable
{
    private byte* _memory;
    private long _capacity;
    private FileStream? _file;

    public int Count { get; private set; }

    private long Length => (long)Count * imageBytes;

    public void Append(ReadOnlySpan<byte> image)
    {
        if (_file is not null || Length + imageBytes > maximumMemory)
        {
            ToFile(image);
        }
        else
        {
            Reserve(Length + imageBytes);
            image.CopyTo(new Span<byte>(_memory + Length, imageBytes));
        }

        Count++;
    }

    /// <summary>Copies an image that was appended.</summary>
    public void Read(int index, Span<byte> image)
    {
        if (_file is null)
        {
            new ReadOnlySpan<byte>(_memory + ((long)index * imageBytes), imageBytes).CopyTo(image);
            return;
        }

        _file.Position = (long)index * imageBytes;
        _file.ReadExactly(image);
        _file.Position = Length;
    }

    /// <summary>Where other processes find the file; null for images in memory.</summary>
    public string? SharedPath => _file is null ? null : SharedImages.PathOf(_file);

    /// <summary>Hands the images over; this builder is then empty.</summary>
    /// <param name="tail">What is to follow them, if they are in a file.</param>
    public PixelStore ToStore(ReadOnlySpan<byte> tail = default)
    {
        PixelStore store;
        if (_file is not null)
        {
            Finish(_file, tail);
            store = new PixelStore(_file, Count, imageBytes);
        }
        else
        {
            _memory = (byte*)NativeMemory.Realloc(_memory, (nuint)Length);
            store = new PixelStore(_memory, Count, imageBytes);
        }

        _memory = null;
        (_file, _capacity, Count) = (null, 0, 0);
        return store;
    }

    public void Dispose()
    {
        NativeMemory.Free(_memory);
        _memory = null;
        try
        {
            _file?.Dispose();
        }
        catch (IOException)
        {
            // What it had still to write is not wanted any more; the disk is full, which has been told.
        }
    }

    private void Reserve(long length)
    {
        if (length > _capacity)
        {
            _capacity = Math.Max(length, Math.Min(maximumMemory, Math.Max(1 << 20, 2 * _capacity)));
            _memory = (byte*)NativeMemory.Realloc(_memory, (nuint)_capacity);
        }
    }

    private void ToFile(ReadOnlySpan<byte> image)
    {
        try
        {
            if (_file is null)
            {
                MoveToFile();
            }

            _file!.Write(image);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Shortage(exception);
        }
    }

    private void Finish(FileStream file, ReadOnlySpan<byte> tail)
    {
        try
        {
            file.Write(tail);
            file.Flush();
        }
        catch (IOException exception)
        {
            throw Shortage(exception);
        }
    }

    private IOException Shortage(Exception exception) => new(
        $"The images exceed MaximumImageMemory ({maximumMemory} bytes), and the folder for temporary files '{temporaryFolder}' cannot take them ({exception.Message}). Set MLContext.TempFilePath to a folder with more room, or raise MaximumImageMemory.",
        exception);

    private void MoveToFile()
    {
        _file = TemporaryFile.Create(temporaryFolder);
        for (var i = 0; i < Count; i++)
        {
            _file.Write(new ReadOnlySpan<byte>(_memory + ((long)i * imageBytes), imageBytes));
        }

        NativeMemory.Free(_memory);
        _memory = null;
        _capacity = 0;
    }
}
