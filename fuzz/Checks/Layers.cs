using System.Globalization;
using Microsoft.ML.Diffusion.Tests.Networks.Kernels;

namespace Microsoft.ML.Diffusion.Fuzz.Checks;

/// <summary>Layers of random sizes in single precision on the CPU, against libtorch in double.</summary>
internal static class Layers
{
    /// <param name="count">Number of cases.</param>
    /// <returns>The number of cases beyond the tolerance.</returns>
    public static int Run(int count)
    {
        var (cases, wrong, largest) = (new LayerCases(seed: 0), 0, 0.0);
        for (var i = 0; i < count; i++)
        {
            var (name, difference) = cases.Next();
            largest = Math.Max(largest, difference);
            if (!(difference < LayerCases.Tolerance))
            {
                wrong++;
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: off by {difference:G3}"));
            }
        }

        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{count} layers, {wrong} beyond {LayerCases.Tolerance:G3} of the largest number, the worst {largest:G3}"));
        return wrong;
    }
}
