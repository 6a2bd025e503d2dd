using Microsoft.ML.Diffusion.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Engines.Torch;

/// <summary>
/// Threads that share out the images of a batch on the processor. Each computes its part with a core or more of its own, and they wait for each other once a part instead of in
/// every operation.
/// </summary>
internal static class TorchThreads
{
    private static readonly Lock _starting = new();

    /// <summary>The number of parts that suit a batch on a device, from where the caller stands.</summary>
    public static int PartsFor(int images, Device device)
    {
        lock (_starting)
        {
            return device.type == DeviceType.CPU ? Math.Clamp(images, 1, get_num_threads()) : 1;
        }
    }

    /// <summary>Starts threads, whose operations have a share of the caller's cores each.</summary>
    public static Workers Start(int count)
    {
        // The number of threads of an operation is kept for each thread that has asked for it, and for all that have not yet.
        lock (_starting)
        {
            var cores = get_num_threads();
            using var prepared = new CountdownEvent(count);
            var threads = new Workers(count, () =>
            {
                _ = get_num_threads();
                CoreShare.Cores = Math.Max(1, cores / count);
                set_num_threads(CoreShare.Cores);
                prepared.Signal();
            });
            if (count > 1)
            {
                prepared.Wait();
            }

            set_num_threads(cores);
            return threads;
        }
    }
}
