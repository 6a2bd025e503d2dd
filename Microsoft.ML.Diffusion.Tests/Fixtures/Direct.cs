namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>Receives reports on the thread that sends them, unlike <see cref="Progress{T}"/>.</summary>
internal sealed class Direct<T>(Action<T> receive) : IProgress<T>
{
    public void Report(T value) => receive(value);
}
