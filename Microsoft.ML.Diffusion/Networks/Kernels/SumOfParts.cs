using System.Runtime.Intrinsics;

namespace Microsoft.ML.Diffusion.Networks.Kernels;

/// <summary>Adds up what the parts of a kernel have computed, in the order of the parts.</summary>
internal static unsafe class SumOfParts
{
    /// <summary>Adds all parts to the first.</summary>
    /// <param name="values">Rows of numbers, part after part.</param>
    /// <param name="length">Numbers of a part.</param>
    /// <param name="parts">Their number.</param>
    /// <param name="begin">The first of a row's numbers to add up.</param>
    /// <param name="end">The one after the last; a multiple of eight behind the first.</param>
    /// <param name="row">Numbers of a row.</param>
    public static void Into(float* values, int length, int parts, int begin, int end, int row)
    {
        for (var part = 1; part < parts; part++)
        {
            var other = values + ((long)part * length);
            for (var first = 0; first < length; first += row)
            {
                for (var i = first + begin; i < first + end; i += Vector256<float>.Count)
                {
                    (Vector256.Load(values + i) + Vector256.Load(other + i)).Store(values + i);
                }
            }
        }
    }
}
