using System.Runtime.InteropServices;

namespace Microsoft.ML.Diffusion.Engines.Cpu;

/// <summary>Floats that do not move, from the start of a cache line on.</summary>
internal sealed unsafe class CpuMemory
{
    private const int Slack = 256; // behind the last float: products read whole vectors and rows

    private readonly float[] _floats;

    /// <param name="length">The number of floats.</param>
    /// <exception cref="InsufficientMemoryException">They are more than an array holds.</exception>
    public CpuMemory(long length)
    {
        if (length > Array.MaxLength - Slack)
        {
            throw new InsufficientMemoryException($"The features of one image are {length} numbers, more than a buffer can hold.");
        }

        Length = length;
        _floats = GC.AllocateUninitializedArray<float>((int)length + Slack, pinned: true);
        Begin = (float*)(((nuint)Marshal.UnsafeAddrOfPinnedArrayElement(_floats, 0) + 63) & ~(nuint)63);
    }

    public long Length { get; }

    public float* Begin { get; }
}
