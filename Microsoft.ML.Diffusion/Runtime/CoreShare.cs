namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>How many cores the calling thread may use for what it computes.</summary>
internal static class CoreShare
{
    [ThreadStatic]
    private static int _cores;

    /// <summary>Whether the thread was told otherwise.</summary>
    public static bool IsSet => _cores > 0;

    /// <summary>All of the process's, unless the thread was told otherwise.</summary>
    public static int Cores
    {
        get => _cores > 0 ? _cores : Environment.ProcessorCount;
        set => _cores = value;
    }

    /// <summary>Tells the thread how many, until the result is disposed.</summary>
    public static Loan Use(int cores)
    {
        var before = _cores;
        _cores = cores;
        return new Loan(before);
    }

    /// <summary>A number of cores for a while.</summary>
    /// <param name="before">What the thread was told before; 0 for nothing.</param>
    public readonly ref struct Loan(int before)
    {
        /// <summary>Ends it.</summary>
        public void Dispose() => _cores = before;
    }
}
