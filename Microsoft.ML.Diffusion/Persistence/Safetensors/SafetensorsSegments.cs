using System.Buffers;

namespace Microsoft.ML.Diffusion.Persistence.Safetensors;

/// <summary>Builds the sequence of a tensor's bytes from the pieces they lie in.</summary>
internal sealed class SafetensorsSegments
{
    private Segment? _first;
    private Segment? _last;

    public void Append(ReadOnlyMemory<byte> memory)
    {
        _last = new Segment(memory, _last);
        _first ??= _last;
    }

    public ReadOnlySequence<byte> ToSequence() =>
        _first is null ? ReadOnlySequence<byte>.Empty : new ReadOnlySequence<byte>(_first, 0, _last!, _last!.Memory.Length);

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, Segment? previous)
        {
            Memory = memory;
            if (previous is not null)
            {
                RunningIndex = previous.RunningIndex + previous.Memory.Length;
                previous.Next = this;
            }
        }
    }
}
