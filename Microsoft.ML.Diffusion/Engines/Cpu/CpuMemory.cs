using System.Runtime.InteropServices;

namespace Microsoft.ML.Diffusion.Engines.Cpu;

/// <summary>Floats that do not move, from the start of a cache line on.</summary>
internal sealed unsafe class CpuMemory
{
    private const int Slack = 256; // behind the last float: products read whole vectors and rows

    private readonly float[] _floats;

    /// <param name="length">The number of floats.</param>
    public CpuMemory(long length)
    {
        Length = length;
        _floats = GC.AllocateUninitializedArray<float>(checked((int)(length + Slack)), pinned: true);
        Begin = (float*)(((nuint)Marshal.UnsafeAddrOfPinnedArrayElement(_floats, 0) + 63) & ~(nuint)63);
    }

    public long Length { get; }

    public float* Begin { get; }
}
