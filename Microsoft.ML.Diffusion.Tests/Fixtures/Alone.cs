using Microsoft.ML.Diffusion.Engines.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>A thread that computes alone: batches are not shared out there, so that it frees what it makes, and kernels do the work.</summary>
internal static class Alone
{
    public static void Run(Action action)
    {
        using var threads = TorchThreads.Start(get_num_threads());
        threads.Run(part =>
        {
            if (part == 0)
            {
                action();
            }
        });
    }
}
