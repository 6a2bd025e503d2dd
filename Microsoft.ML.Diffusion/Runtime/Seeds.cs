using System.Security.Cryptography;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>Decides the seed of a run.</summary>
internal static class Seeds
{
    /// <summary>
    /// The seed asked for; else that of the <see cref="MLContext"/>; else that of an earlier run to go on with; else a fresh one, reported so that the run
    /// can be repeated.
    /// </summary>
    public static long Resolve(IHost host, long? asked, long? earlier = null)
    {
        if ((asked ?? ((IHostEnvironmentInternal)host).Seed ?? earlier) is { } seed)
        {
            return seed;
        }

        var fresh = RandomNumberGenerator.GetInt32(int.MaxValue);
        using var channel = host.Start("Seed");
        channel.Info(MessageSensitivity.None, $"No seed was given; this run uses {fresh}.");
        return fresh;
    }
}
