using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.Diffusion.Engines.Torch;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Diffusion.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Fuzz.Checks;

/// <summary>Losses and gradients in closed form beside libtorch's, for random images, outputs, schedules and timesteps, and what both take.</summary>
internal static class LossGradients
{
    private const int Pixels = 64;
    private const double Tolerance = 1e-8;

    private static readonly Stopwatch _own = new();
    private static readonly Stopwatch _torch = new();

    /// <param name="count">How many images.</param>
    /// <returns>How many are further apart than rounding explains.</returns>
    public static int Run(int count)
    {
        var (apart, worst) = (0, 0.0);
        for (var seed = 0; seed < count; seed++)
        {
            var distance = Distance(new Random(seed), out var text);
            worst = Math.Max(worst, distance);
            if (!(distance < Tolerance)) // NaN as well
            {
                apart++;
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{seed}: {text}: {distance:G3}"));
            }
        }

        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{count} images, {apart} apart, at most {worst:G3} of the largest number; in closed form {_own.Elapsed.TotalMicroseconds / count:F1} us each, by libtorch {_torch.Elapsed.TotalMicroseconds / count:F1} us"));
        return apart;
    }

    private static double Distance(Random random, out string text)
    {
        var schedule = Schedule(random);
        var diffusion = new GaussianDiffusion(schedule, Any<PredictionType>(random));
        var (loss, variance) = (Any<TrainingLoss>(random), Any<DdpmVariance>(random));
        MinimumSnr? weights = loss == TrainingLoss.Variational || random.Next(2) == 0
            ? null
            : new MinimumSnr(0.1 + (10 * random.NextDouble()), 1 - (0.9 * random.NextDouble()));
        var t = random.Next(4) == 0 ? 0 : random.Next(schedule.NumberOfTrainingTimesteps);
        var error = t == 0 ? 0.02 : Math.Pow(10, (4 * random.NextDouble()) - 3); // far out, the decoder's own rounding is large
        text = string.Create(
            CultureInfo.InvariantCulture,
            $"{loss}, {diffusion}, {variance}, gamma {weights?.Gamma}, power {weights?.Power}, t = {t}, off by {error:G3}");

        double[] x0 = [.. Enumerable.Range(0, Pixels).Select(_ => (random.Next(256) / 127.5) - 1)], noise = Normals(random, 1);
        var (xt, target, off) = (diffusion.AddNoise<double>(x0, noise, t), diffusion.Target<double>(x0, noise, t), Normals(random, error));
        double[] prediction = [.. target.Select((value, i) => value + off[i])];
        double[] output = variance == DdpmVariance.Learned ? [.. prediction, .. Normals(random, 0.8)] : prediction;
        var gradient = new double[output.Length];
        var objective = new TrainingObjective(diffusion, loss, variance) { SnrWeights = weights };

        _own.Start();
        var terms = objective.Terms(new NoisyImage<double>(x0, noise, xt, t), output, gradient);
        _own.Stop();

        _torch.Start();
        using var scope = NewDisposeScope();
        Tensor Image(double[] values) => tensor(values, [1, values.Length / Pixels, 8, 8]);
        var seen = Image(output).requires_grad_();
        var losses = new TorchObjective(diffusion, loss, variance, objective.VariationalWeight, weights)
            .Losses(Image(x0), Image(noise), Image(xt), seen, [t]);
        losses.sum().backward();
        _torch.Stop();

        var (expectedLoss, expected) = (losses.Value(), seen.grad!.data<double>().ToArray());
        return Math.Max(
            Math.Abs(terms.Loss - expectedLoss) / Math.Abs(expectedLoss),
            expected.Zip(gradient, (wanted, found) => Math.Abs(wanted - found)).Max() / expected.Max(Math.Abs));
    }

    private static NoiseSchedule Schedule(Random random)
    {
        var timesteps = 2 + random.Next(1000);
        return random.Next(3) switch
        {
            0 => NoiseSchedule.Linear(timesteps),
            1 => NoiseSchedule.Cosine(timesteps),
            _ => NoiseSchedule.Sigmoid(timesteps),
        };
    }

    private static T Any<T>(Random random)
        where T : struct, Enum => Enum.GetValues<T>()[random.Next(Enum.GetValues<T>().Length)];

    private static double[] Normals(Random random, double scale)
    {
        var numbers = new float[Pixels];
        new RandomNumbers(RandomStream.AddedNoise, random.NextInt64()).Normals(0, 0, numbers);
        return Array.ConvertAll(numbers, number => scale * number);
    }
}
