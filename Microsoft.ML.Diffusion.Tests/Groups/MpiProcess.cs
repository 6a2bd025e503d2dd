using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Microsoft.ML.Diffusion.Tests.Groups;

/// <summary>What a process of the tests of MPI does.</summary>
internal static class MpiProcess
{
    public const int CheckpointEverySteps = 4;

    public const int LeftCode = 3;

    /// <summary>Does one thing in a process of the group that a launcher started; every line that it prints begins with its rank.</summary>
    /// <param name="what">
    /// "checks": what may be done in one group after another; "train STEPS": a whole training; "kill STEPS N", "throw STEPS N": one that ends in rank 1 before slice N;
    /// "timed SECONDS": a budget of time; "leave STEPS": one that rank 1 never begins; "refused": nothing but why there is no group.
    /// </param>
    /// <param name="folder">Of checkpoints; "none" for none.</param>
    public static int Run(string what, string folder)
    {
        var words = what.Split(' ');
        int Number(int word) => word < words.Length ? int.Parse(words[word], CultureInfo.InvariantCulture) : -1;
        var name = words[0];
        if (name == "refused")
        {
            Console.WriteLine(Error(() => MpiProcessGroup.World));
            return 0;
        }

        var group = MpiProcessGroup.World;
        Say(group, $"is {group}");
        if (name == "leave" && group.Rank == 1)
        {
            return LeftCode; // as a program that fails before it trains
        }

        if (name == "checks")
        {
            Check(group, folder);
            return 0;
        }

        if (name == "timed")
        {
            SpendTime(group, Number(1));
            return 0;
        }

        var ended = new HookedGroup(group, (slice, _) => End(name, group.Rank == 1 && slice == Number(2)));
        var result = GroupRun.Train(ended, folder == "none" ? "" : folder, options => options with { NumberOfSteps = Number(1), CheckpointEverySteps = CheckpointEverySteps });
        Say(group, $"result {result}");
        Say(group, $"slices {ended.Slices}");
        return 0;
    }

    private static void Check(MpiProcessGroup group, string folder)
    {
        Say(group, $"fault {Error(Fault)}"); // UCX, which Debian's MPICH loads, would end the process
        Say(group, $"trained {GroupRun.Train(group)}");
        Say(group, $"resumed {GroupRun.Train(group, folder, options => options with { NumberOfSteps = 10 }).Summary.Steps} {GroupRun.Train(group, folder)}");
        Say(group, $"skipped {GroupRun.Train(HookedGroup.Poisoned(group), change: Short)}");
        using (var cancellation = new CancellationTokenSource())
        {
            var cancelled = new HookedGroup(group, (slice, _) => (group.Rank == 1 && slice == 20 ? cancellation : null)?.Cancel());
            Say(group, $"cancelled {Error(() => GroupRun.Train(cancelled, change: options => options with { CancellationToken = cancellation.Token }))}");
        }

        Say(group, $"refused {Error(() => GroupRun.Train(group, change: options => options with { LearningRate = 1e-3 * (1 + group.Rank) }))}");
        Say(group, $"few {Error(() => GroupRun.Train(group, change: options => options with { BatchSize = group.Size - 1, GradientAccumulationSteps = 1 }))}");
        SpendTime(group, 1);
        Say(group, $"fault {Error(Fault)}");
    }

    private static void SpendTime(MpiProcessGroup group, int seconds)
    {
        var clock = Stopwatch.StartNew();
        var timed = GroupRun.Train(group, change: options => options with { NumberOfSteps = null, Duration = TimeSpan.FromSeconds(seconds) });
        var isInTime = clock.Elapsed < TimeSpan.FromSeconds(seconds + 30);
        Say(group, $"timed {timed.Digest} {timed.Summary.Steps} {(isInTime ? "in time" : "too late")}");
    }

    private static TrainingOptions Short(TrainingOptions options) => options with { NumberOfSteps = 6 };

    private static void End(string how, bool isTime)
    {
        if (isTime && how == "kill")
        {
            Process.GetCurrentProcess().Kill();
        }
        else if (isTime && how == "throw")
        {
            throw new NotSupportedException("the disk is gone");
        }
    }

    private static string Error(Action action)
    {
        try
        {
            action();
            return "nothing";
        }
        catch (Exception exception)
        {
            return $"{exception.GetType().Name}: {exception.Message.ReplaceLineEndings(" ")}";
        }
    }

    private static string Error(Func<object> action) => Error(() => { _ = action(); });

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Fault()
    {
        object? nothing = Environment.TickCount64 > 0 ? null : "";
        _ = nothing!.GetHashCode();
    }

    private static void Say(ProcessGroup group, string text)
    {
        using var output = Console.OpenStandardOutput();
        output.Write(Encoding.UTF8.GetBytes($"{group.Rank}: {text}\n")); // at once: the console cuts long lines, between which launchers put those of other ranks
    }
}
