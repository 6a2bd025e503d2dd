using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace Microsoft.ML.Diffusion.Data.Training;

/// <summary>Images of one size as bytes, one after another in one piece: of memory, or of a temporary file mapped into it.</summary>
internal sealed unsafe class PixelStore : IDisposable
{
    private readonly int _imageBytes;
    private readonly MemoryMappedFile? _file;
    private readonly MemoryMappedViewAccessor? _view;
    private byte* _start;

    /// <summary>Takes over memory of <see cref="NativeMemory"/>.</summary>
    public PixelStore(byte* memory, int count, int imageBytes)
    {
        _start = memory;
        (Count, _imageBytes) = (count, imageBytes);
    }

    /// <summary>Takes over a file, written to its end and flushed.</summary>
    public PixelStore(FileStream file, int count, int imageBytes)
    {
        (Count, _imageBytes) = (count, imageBytes);
        _file = MemoryMappedFile.CreateFromFile(
            file,
            mapName: null,
            capacity: 0,
            MemoryMappedFileAccess.Read,
            HandleInheritability.None,
            leaveOpen: false);
        _view = _file.CreateViewAccessor(0, (long)count * imageBytes, MemoryMappedFileAccess.Read);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
    }

    public int Count { get; }

    /// <summary>Whether the bytes are in a file, whose pages the system brings in and drops as it sees fit.</summary>
    public bool IsMapped => _view is not null;

    public ReadOnlySpan<byte> this[int index]
    {
        get
        {
            ObjectDisposedException.ThrowIf(_start is null, this);
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
            return new ReadOnlySpan<byte>(_start + ((long)index * _imageBytes), _imageBytes);
        }
    }

    public void Dispose()
    {
        if (_start is null)
        {
            return;
        }

        if (_view is null)
        {
            NativeMemory.Free(_start);
        }
        else
        {
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
            _view.Dispose();
            _file!.Dispose();
        }

        _start = null;
    }
}
