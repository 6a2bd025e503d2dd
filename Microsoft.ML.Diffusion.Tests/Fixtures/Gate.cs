namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>Holds a thread up where it calls <see cref="Pass"/>, until the test lets it go.</summary>
internal sealed class Gate : IDisposable
{
    private static readonly TimeSpan _long = TimeSpan.FromMinutes(2); // never, unless something is broken

    private readonly SemaphoreSlim _arrived = new(0);
    private readonly SemaphoreSlim _open = new(0);

    /// <summary>What is held up calls this.</summary>
    public void Pass()
    {
        _arrived.Release();
        Assert.IsTrue(_open.Wait(_long), "nobody opened the gate");
    }

    /// <summary>Waits until somebody is held up.</summary>
    public void WaitForOne() => Assert.IsTrue(_arrived.Wait(_long), "nobody came to the gate");

    /// <summary>Lets one go.</summary>
    public void Open() => _open.Release();

    /// <inheritdoc/>
    public void Dispose()
    {
        _arrived.Dispose();
        _open.Dispose();
    }
}
