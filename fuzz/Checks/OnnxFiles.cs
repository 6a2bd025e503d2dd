using System.Globalization;
using Microsoft.ML.Diffusion.Tests.Networks;
using Microsoft.ML.Diffusion.Tests.Onnx;

namespace Microsoft.ML.Diffusion.Fuzz.Checks;

/// <summary>Networks of random options by the CPU's engine and, from their ONNX files, by ONNX Runtime.</summary>
internal static class OnnxFiles
{
    /// <param name="count">Number of networks.</param>
    /// <returns>The number of those beyond the tolerance.</returns>
    public static int Run(int count)
    {
        var (networks, wrong, worst) = (new RandomNetworks(seed: 1), 0, 0.0);
        for (var i = 0; i < count; i++)
        {
            var network = networks.Next();
            var difference = OnnxComparison.Outputs(network, seed: i, images: 1 + (i % 5));
            worst = Math.Max(worst, difference);
            if (!(difference < 1))
            {
                wrong++;
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{i}: {difference:G3} of what may be: {network}"));
            }
        }

        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{count} networks, {wrong} beyond 1e-5 of the largest number; the worst {worst * OnnxComparison.Tolerance:G3}"));
        return wrong;
    }
}
