using System.Diagnostics;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>The child process that reads damaged files, many of them, and says which was not taken as it should be.</summary>
internal static class HostileRun
{
    private const long AllowanceBytes = 16 << 20;
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(2);

    public static void Run(HostileTarget target, int seed, int count, string folder)
    {
        var temporary = Directory.CreateDirectory(Path.Combine(folder, "temporary", "of", "this", "process")).FullName;
        Environment.SetEnvironmentVariable("TMPDIR", temporary);
        Environment.SetEnvironmentVariable("TMP", temporary);
        Directory.SetCurrentDirectory(temporary);

        var (sample, path, refused) = (target.Sample(), Path.Combine(folder, "file"), 0);
        File.WriteAllBytes(path, sample);
        target.Read(path); // a good file is read; and all code is compiled before time and memory count
        for (var i = 0; i < count; i++)
        {
            Console.WriteLine($"file {i}"); // the last one printed is the one that ended the process
            var bytes = target.Mutate(sample, new Random(HashCode(seed, i)));
            File.WriteAllBytes(path, bytes);
            var (start, allocated) = (Stopwatch.GetTimestamp(), GC.GetAllocatedBytesForCurrentThread());
            try
            {
                target.Read(path);
            }
            catch (FormatException)
            {
                refused++;
            }
            catch (Exception exception)
            {
                Console.WriteLine($"FAILED: file {i} of {target.Name}: {exception}");
            }

            var (time, memory) = (Stopwatch.GetElapsedTime(start), GC.GetAllocatedBytesForCurrentThread() - allocated);
            if (target.IsBounded && (time > _limit || memory > (2L * bytes.Length) + AllowanceBytes))
            {
                Console.WriteLine($"FAILED: file {i} of {target.Name}, {bytes.Length} bytes, took {time} and {memory} bytes.");
            }
        }

        Console.WriteLine($"refused {refused} of {count}, peak {Process.GetCurrentProcess().PeakWorkingSet64 >> 20} MiB");
    }

    // The same in every process, unlike System.HashCode.
    private static int HashCode(int seed, int index) => unchecked((seed * 1_000_003) ^ (index * 7919));
}
