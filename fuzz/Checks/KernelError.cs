using System.Globalization;
using Microsoft.ML.Diffusion.Evaluation;
using Microsoft.ML.Diffusion.Tests.Evaluation;

namespace Microsoft.ML.Diffusion.Fuzz.Checks;

/// <summary>Compares the kernel distance's standard error with its standard deviation over many pairs of sets.</summary>
internal static class KernelError
{
    /// <param name="repetitions">Pairs of sets of each kind.</param>
    public static void Run(int repetitions)
    {
        Console.WriteLine(
            "rows      features  shift  scale   mean      deviation  root mean square error / deviation  mean error / deviation");
        foreach (var (m, n, features, shift, scale) in new[]
        {
            (60, 60, 3, 0.0, 1.0), (60, 60, 3, 0.2, 1), (60, 60, 3, 0.5, 1), (60, 60, 3, 0, 2), (100, 50, 3, 0, 1), (300, 300, 3, 0, 1),
            (50, 50, 64, 0, 1), (100, 100, 64, 0, 1), (100, 100, 64, 0.1, 1), (300, 300, 64, 0, 1), (20, 20, 3, 0, 1),
        })
        {
            var rows = new NormalRows(seed: 1);
            var results = Enumerable.Range(0, repetitions)
                .Select(_ => KernelDistance.Of(rows.Next(m, features), rows.Next(n, features, shift, scale)))
                .ToList();
            var mean = results.Average(result => result.Value);
            var deviation = Math.Sqrt(results.Sum(result => Math.Pow(result.Value - mean, 2)) / (repetitions - 1));
            var (square, error) = (
                Math.Sqrt(results.Average(result => result.StandardError * result.StandardError)),
                results.Average(result => result.StandardError));
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{m,3} + {n,3} {features,9} {shift,6:F1} {scale,6:F1} {mean,10:G3} {deviation,10:G3} {square / deviation,20:F3} {error / deviation,27:F3}"));
        }
    }
}
