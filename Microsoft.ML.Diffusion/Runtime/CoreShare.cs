namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>How many cores the calling thread may use for what it computes.</summary>
internal static class CoreShare
{
    [ThreadStatic]
    private static int _cores;

    /// <summary>All of the process's, unless the thread was told otherwise.</summary>
    public static int Cores
    {
        get => _cores > 0 ? _cores : Environment.ProcessorCount;
        set => _cores = value;
    }
}
