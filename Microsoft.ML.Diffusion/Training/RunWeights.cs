using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.ML.Diffusion.Engines;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>Compares the weights of processes, which take the same steps by themselves.</summary>
internal static class RunWeights
{
    /// <summary>Checks that all have the same. Where they do not, hours more of training would make it no better.</summary>
    /// <param name="group">The processes.</param>
    /// <param name="training">With the weights.</param>
    /// <param name="step">Steps done.</param>
    /// <exception cref="InvalidOperationException">They differ, in all processes.</exception>
    public static void Check(RunGroup group, TrainingStep training, int step)
    {
        if (group.Processes is null)
        {
            return;
        }

        var numbers = new float[training.Length];
        training.Optimizer.Read(TrainingBuffer.Weights, numbers);
        var digests = group.Texts("weights", Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes<float>(numbers))));
        if (Array.FindIndex(digests, digest => digest != digests[0]) is > 0 and var rank)
        {
            throw group.Agreed(
                new InvalidOperationException(
                    $"After step {step} the weights of rank {rank} are not those of rank 0, though both took the same steps: a fault of memory, or processors that round in different ways. Train on machines of one kind, from the last checkpoint."));
        }
    }
}
