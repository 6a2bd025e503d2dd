using System.IO.Compression;
using Microsoft.ML.Diffusion.Persistence.Safetensors;

namespace Microsoft.ML.Diffusion.Persistence.ModelFile;

/// <summary>A zip entry as it inflates: no longer and no shorter than it claims, and with the checksum that it claims.</summary>
internal sealed class CheckedEntryStream : Stream
{
    private static readonly uint[] _table = CreateTable();

    private readonly ZipArchiveEntry _entry;
    private readonly Stream _inflated;
    private uint _crc = uint.MaxValue;
    private long _position;

    public CheckedEntryStream(ZipArchiveEntry entry) => (_entry, _inflated) = (entry, entry.Open());

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => _entry.Length;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    /// <summary>Reads to the end, and so checks what is left.</summary>
    public void Drain() => Skip(long.MaxValue);

    /// <summary>Passes over some bytes, or all that are left.</summary>
    public void Skip(long count)
    {
        Span<byte> buffer = stackalloc byte[4096];
        for (int read; count > 0 && (read = Read(buffer[..(int)Math.Min(count, buffer.Length)])) > 0; count -= read)
        {
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty)
        {
            return 0;
        }

        var count = _inflated.Read(buffer);
        _position += count;
        foreach (var value in buffer[..count])
        {
            _crc = _table[(byte)(_crc ^ value)] ^ (_crc >> 8);
        }

        if (_position > _entry.Length || (count == 0 && _position < _entry.Length))
        {
            throw new FormatException(
                $"the entry {SafetensorsEntry.Quote(_entry.FullName)} does not inflate to the {_entry.Length} bytes that it claims.");
        }

        if (count == 0 && ~_crc != _entry.Crc32)
        {
            throw new FormatException($"the bytes of the entry {SafetensorsEntry.Quote(_entry.FullName)} do not match their checksum.");
        }

        return count;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _inflated.Dispose();
        }

        base.Dispose(disposing);
    }

    // CRC-32 of zip, reflected polynomial 0xEDB88320 (PKWARE's APPNOTE, 4.4.7); .NET reads entries without comparing it.
    private static uint[] CreateTable()
    {
        var table = new uint[256];
        for (var i = 0u; i < table.Length; i++)
        {
            var value = i;
            for (var bit = 0; bit < 8; bit++)
            {
                value = (value & 1) == 0 ? value >> 1 : (value >> 1) ^ 0xEDB88320;
            }

            table[i] = value;
        }

        return table;
    }
}
