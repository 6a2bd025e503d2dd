using System.Globalization;
using Microsoft.ML.Diffusion.Tests.Engines;
using Microsoft.ML.Diffusion.Tests.Networks;

namespace Microsoft.ML.Diffusion.Fuzz.Checks;

/// <summary>Networks of random options, by the CPU's engine and by libtorch in double. The width of vectors is what the environment allows, such as DOTNET_EnableAVX512=0.</summary>
internal static class RandomPlans
{
    /// <param name="count">Number of networks.</param>
    /// <returns>The number of those beyond the tolerance.</returns>
    public static int Run(int count)
    {
        var (networks, wrong, worst) = (new RandomNetworks(seed: 0), 0, (Output: 0.0, Gradient: 0.0));
        for (var i = 0; i < count; i++)
        {
            var network = networks.Next();
            var comparison = new EngineComparison(network, seed: i);
            var (output, (gradient, weight)) = (comparison.Outputs(1 + (i % 5)), comparison.Gradients(1 + (i % 5)));
            worst = (Math.Max(worst.Output, output), Math.Max(worst.Gradient, gradient));
            if (!(output < 1 && gradient < 1))
            {
                wrong++;
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{i}: output {output:G3}, {weight} {gradient:G3} of what may be: {network}"));
            }
        }

        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{count} networks, {wrong} beyond 1e-5 (outputs) or 1e-4 (gradients) of the largest number; the worst {worst.Output * EngineComparison.OutputTolerance:G3} and {worst.Gradient * EngineComparison.GradientTolerance:G3}"));
        return wrong;
    }
}
