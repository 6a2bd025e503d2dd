using System.Diagnostics;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>Calls that must end soon and take little memory.</summary>
internal static class Bounded
{
    private const int Attempts = 3; // a machine may be busy with something else
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(1);

    /// <summary>Makes a call, and again if it took long, since all but its first time counts.</summary>
    /// <param name="maximumBytes">What it may allocate.</param>
    /// <param name="call">The call.</param>
    /// <param name="what">What messages call it.</param>
    /// <returns>The exception that ended it; null if there was none.</returns>
    public static Exception? Run(long maximumBytes, Action call, string what)
    {
        for (var attempt = 1; ; attempt++)
        {
            var (start, allocated) = (Stopwatch.GetTimestamp(), GC.GetAllocatedBytesForCurrentThread());
            Exception? thrown = null;
            try
            {
                call();
            }
            catch (Exception exception)
            {
                thrown = exception;
            }

            var (time, bytes) = (Stopwatch.GetElapsedTime(start), GC.GetAllocatedBytesForCurrentThread() - allocated);
            if (time <= _limit && bytes <= maximumBytes)
            {
                return thrown;
            }

            if (attempt == Attempts)
            {
                Assert.Fail($"{what} took {time} and {bytes >> 10} KiB, of {maximumBytes >> 10}: {thrown?.Message}");
            }
        }
    }
}
