using System.Buffers;
using System.IO.MemoryMappedFiles;

namespace Microsoft.ML.Diffusion.Persistence.Safetensors;

/// <summary>A file's bytes in address space: pages come in as they are read, so a file larger than memory can be opened.</summary>
/// <remarks>
/// Whoever cuts a mapped file short in place takes its pages away from every reader; replacing it by rename, as this library
/// saves, is safe.
/// </remarks>
internal sealed unsafe class SafetensorsMapping : IDisposable
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private byte* _start;

    public SafetensorsMapping(FileStream stream)
    {
        Length = stream.Length;
        _file = MemoryMappedFile.CreateFromFile(
            stream,
            mapName: null,
            capacity: 0,
            MemoryMappedFileAccess.Read,
            HandleInheritability.None,
            leaveOpen: true);
        _view = _file.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
    }

    public long Length { get; }

    public ReadOnlySpan<byte> Span(long offset, int length)
    {
        ObjectDisposedException.ThrowIf(_start is null, this);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - length);

        return new ReadOnlySpan<byte>(_start + offset, length);
    }

    public ReadOnlySequence<byte> Slice(long offset, long length)
    {
        const int maximumSegment = 1 << 30; // a multiple of every element size, below what a span can hold

        var segments = new SafetensorsSegments();
        for (var end = offset + length; offset < end; offset += maximumSegment)
        {
            segments.Append(new MappedMemory(this, offset, (int)Math.Min(maximumSegment, end - offset)).Memory);
        }

        return segments.ToSequence();
    }

    public void Dispose()
    {
        if (_start is null)
        {
            return;
        }

        _start = null;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }

    /// <summary>Lets <see cref="Memory{T}"/> point into the mapping; a use after its disposal throws instead of reading freed pages.</summary>
    private sealed class MappedMemory(SafetensorsMapping mapping, long offset, int length) : MemoryManager<byte>
    {
        public override Memory<byte> Memory => CreateMemory(length);

        public override Span<byte> GetSpan() => new(mapping._start + offset, mapping.Span(offset, length).Length);

        public override MemoryHandle Pin(int elementIndex = 0) =>
            throw new NotSupportedException("A mapped file does not move: read its span.");

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
