using Microsoft.AspNetCore.Http;

namespace Diffusion.Tool.Playground;

/// <summary>The one queue of all pages: a model computes one thing at a time, on all cores, in the order in which it was asked.</summary>
/// <remarks>Work whose page has gone leaves the queue, or ends after its step.</remarks>
internal sealed class WorkQueue : IDisposable
{
    /// <summary>The most that waits.</summary>
    public const int Limit = 32;

    private readonly SemaphoreSlim _turn = new(1);
    private int _length;

    /// <summary>Gets the number of works that wait or run.</summary>
    public int Length => Volatile.Read(ref _length);

    public void Dispose() => _turn.Dispose();

    /// <summary>Does work when its turn comes, on a thread of its own.</summary>
    /// <param name="work">The work; the token ends it.</param>
    /// <param name="cancellationToken">That of the page.</param>
    /// <exception cref="ProblemException">Too much waits already.</exception>
    /// <exception cref="OperationCanceledException">The page has gone.</exception>
    public async Task<T> RunAsync<T>(Func<CancellationToken, T> work, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref _length) > Limit)
        {
            Interlocked.Decrement(ref _length);
            throw new ProblemException(
                StatusCodes.Status429TooManyRequests,
                $"{Limit} requests wait already, which is the most. Try again when some of them are done.");
        }

        try
        {
            await _turn.WaitAsync(cancellationToken); // first come, first served
            try
            {
                return await Task.Run(() => work(cancellationToken), cancellationToken);
            }
            finally
            {
                _turn.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _length);
        }
    }
}
