namespace Microsoft.ML.Diffusion.Engines.Cpu;

/// <summary>Into how many parts a batch goes through a network at once, and how many images of a part together: what keeps memory from growing with either.</summary>
/// <param name="Parts">One for each core, or fewer.</param>
/// <param name="Images">The most images of a part at a time.</param>
internal readonly record struct CpuShare(int Parts, int Images)
{
    private const int MostImages = 16; // filters are made ready once for so many, and what is between them stays in the caches
    private const long Memory = 2L << 30; // bytes of all parts, unless one image alone needs more

    /// <param name="program">The program for one image: that for more needs as much for each.</param>
    /// <param name="cores">The cores that there are.</param>
    public static CpuShare For(CpuProgram program, int cores)
    {
        var bytes = program.Memory.Length * sizeof(float);
        var parts = (int)Math.Clamp(Memory / bytes, 1, cores);
        return new(parts, (int)Math.Clamp(Memory / (parts * bytes), 1, MostImages));
    }
}
