using System.Globalization;
using System.IO.Compression;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Evaluation;
using Microsoft.ML.Diffusion.Images;

namespace Microsoft.ML.Diffusion.Fuzz.Checks;

/// <summary>Computes the bound on the likelihood of unseen pictures with all timesteps, then how far estimates from some of them are off.</summary>
internal static class LikelihoodTimesteps
{
    private const int HeaderBytes = 16;
    private const int Side = 28;

    /// <param name="modelPath">A saved model of grey pictures of 28x28 pixels.</param>
    /// <param name="picturesPath">A compressed file of such pictures, as Fashion-MNIST's.</param>
    /// <param name="count">How many of its pictures.</param>
    /// <param name="seeds">How many choices of timesteps.</param>
    public static void Run(string modelPath, string picturesPath, int count, int seeds)
    {
        using var model = new MLContext(seed: 1).Model.Load(modelPath, out _).GetDiffusion();
        var pictures = Read(picturesPath, count);
        var exact = model.EvaluateLikelihood(pictures, new LikelihoodOptions { Seed = 1 });
        Console.WriteLine($"{pictures.Length} pictures, seed 1, all timesteps: {exact}");
        Console.WriteLine("timesteps  error of strata  mean error told  within 2 errors   error of even choice");
        foreach (var timesteps in new[] { 5, 10, 11, 19, 20, 50, 100 })
        {
            var (strata, even) = (new List<(double Error, double Told)>(), new List<double>());
            for (var seed = 0; seed < seeds; seed++)
            {
                var chosen = LikelihoodDraws.Timesteps(timesteps, exact.Timesteps.Count, seed);
                var estimate =
                    new LikelihoodMetrics(
                        new LikelihoodTerms(
                            exact.Timesteps.Count,
                            chosen,
                            [exact.Prior],
                            [exact.Decoder],
                            [.. chosen.Skip(1).Select(t => new[] { exact.Terms[t] })]));
                strata.Add((estimate.BitsPerDimension - exact.BitsPerDimension, estimate.StandardError));
                var sum = new Random(seed).GetItems(exact.Terms.Skip(1).ToArray(), timesteps - 1).Average() * (exact.Timesteps.Count - 1);
                even.Add(sum - exact.Divergence);
            }

            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{timesteps,9} {Root(strata.Select(pair => pair.Error)),16:F4} {Root(strata.Select(pair => pair.Told)),16:F4} {strata.Count(pair => Math.Abs(pair.Error) <= 2 * pair.Told) / (double)seeds,16:P1} {Root(even),22:F3}"));
        }
    }

    private static double Root(IEnumerable<double> values) => Math.Sqrt(values.Average(value => value * value));

    private static MLImage[] Read(string path, int count)
    {
        using var stream = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
        var bytes = new byte[HeaderBytes + (count * Side * Side)];
        stream.ReadExactly(bytes);
        return [.. bytes.Skip(HeaderBytes).Chunk(Side * Side).Select(pixels => ImagePixels.Create(pixels, new ImageShape(1, Side, Side)))];
    }
}
