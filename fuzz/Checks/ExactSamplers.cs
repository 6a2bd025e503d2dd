using System.Globalization;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samplers;
using Microsoft.ML.Diffusion.Tests.Exact;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Fuzz.Checks;

/// <summary>Every sampler against data whose exact answers are known, with counts that the tests have no time for.</summary>
internal static class ExactSamplers
{
    private const int Samples = 100_000;
    private static readonly NoiseSchedule _schedule = NoiseSchedule.Cosine();

    /// <summary>Prints each figure with its bound.</summary>
    /// <returns>The number of figures outside of their bounds.</returns>
    public static int Run() => Orders() + EqualCalls() + Inversions() + Recursions() + Marginals() + Inpaintings();

    private static int Orders()
    {
        var errors = new FlowErrors();
        Console.WriteLine($"Slope of the error against the exact flow, {string.Join(", ", FlowErrors.Steps)} steps:");
        return Order("DDIM", steps => errors.Generating(new DdimSampler(), steps), 0.9)
            + Order("DPM-Solver++(2M)", steps => errors.Generating(new DpmSolverSampler(), steps), 1.6)
            + Order("UniPC of order 2", steps => errors.Generating(new UniPcSampler(), steps), 2.2)
            + Order("UniPC of order 3", steps => errors.Generating(new UniPcSampler(order: 3), steps), 3)
            + Order("Heun", steps => errors.Generating(new HeunSampler(), steps), 1.8)
            + Order("Inversion, lower level", steps => errors.Encoding(InversionLevel.Lower, TimestepSubset.LogSnr(steps)), 0.9)
            + Order(
                "Inversion, upper level",
                steps => errors.Encoding(InversionLevel.Upper, TimestepSubset.LogSnr(steps)),
                double.NegativeInfinity);
    }

    private static int EqualCalls()
    {
        int[] calls = [5, 8, 10, 15, 20];
        var errors = new FlowErrors();
        Console.WriteLine($"Error of finished points for {string.Join(", ", calls)} network calls:");
        foreach (var (name, spacing) in new (string, Func<int, TimestepSubset>)[] { ("LogSnr", count => TimestepSubset.LogSnr(count)), ("Karras", count => TimestepSubset.Karras(count)) })
        {
            foreach (var sampler in (Sampler[])[new DdimSampler(), new DpmSolverSampler(), new UniPcSampler(), new UniPcSampler(order: 3), new HeunSampler()])
            {
                var row = calls.Select(count => errors.Finishing(sampler, spacing(sampler is HeunSampler ? (count + 1) / 2 : count)));
                Console.WriteLine(
                    $"  {sampler.GetType().Name}{(sampler is UniPcSampler { Order: 3 } ? " of order 3" : "")}, {name}: {string.Join(", ", row.Select(error => error.ToString("F4", CultureInfo.InvariantCulture)))}");
            }
        }

        return 0;
    }

    private static int Inversions()
    {
        foreach (var (name, schedule) in new[] { ("cosine", NoiseSchedule.Cosine()), ("linear", NoiseSchedule.Linear()) })
        {
            var errors = new FlowErrors(schedule);
            Console.WriteLine(
                $"Error of latents, and of data there and back, on the {name} schedule, asked at the lower and at the upper level:");
            foreach (var timesteps in (TimestepSubset[])[
                TimestepSubset.Trailing(20),
                TimestepSubset.Trailing(50),
                TimestepSubset.Trailing(200),
                TimestepSubset.LogSnr(50),
            ])
            {
                Console.WriteLine(
                    FormattableString.Invariant(
                        $"  {timesteps}: {errors.Encoding(InversionLevel.Lower, timesteps):F4} {errors.Encoding(InversionLevel.Upper, timesteps):F4}, {errors.RoundTrip(InversionLevel.Lower, timesteps):F4} {errors.RoundTrip(InversionLevel.Upper, timesteps):F4}"));
            }
        }

        return 0;
    }

    private static int Inpaintings()
    {
        Console.WriteLine(
            FormattableString.Invariant(
                $"Share of a mode that the kept number makes {ExactInpainting.ExactShare:F2} likely, and distance to the conditional distribution, of 20,000 samples:"));
        foreach (var sampler in (Sampler[])[
            new DdpmSampler(100),
            new DdimSampler(50),
            new DpmSolverSampler(50) { Timesteps = TimestepSubset.LogSnr(50) },
            new DpmSolverSampler(50, stochastic: true) { Timesteps = TimestepSubset.LogSnr(50) },
        ])
        {
            foreach (var (resamplings, jumpLength) in new[] { (1, 1), (5, 1), (10, 1), (10, 10), (20, 10) })
            {
                var (share, distance) = ExactInpainting.Paint(sampler, resamplings, jumpLength, 20_000, seed: 1);
                Console.WriteLine(
                    FormattableString.Invariant(
                        $"  {Unclipped(sampler)}, {resamplings} resamplings, jumps of {jumpLength}: {share:F3}, {distance:F3}"));
            }
        }

        return 0;
    }

    private static int Order(string name, Func<int, double> error, double least)
    {
        double[] errors = [.. FlowErrors.Steps.Select(error)];
        var order = -ExactRun.Slope(FlowErrors.Steps, errors);
        return Report(
            $"{name}: {string.Join(", ", errors.Select(value => value.ToString("G3", CultureInfo.InvariantCulture)))}; order",
            order,
            order >= least);
    }

    private static int Recursions()
    {
        Console.WriteLine(
            $"Standard errors that the deviation of {Samples} samples of one normal distribution is from the sampler's own recursion:");
        return ExactSamplerList.All.Sum(sampler =>
        {
            var noise = new BatchNoise(seed: 1);
            var samples = ExactRun.Sample(sampler, GaussianMixture.One, _schedule, Samples, noise);
            var (_, expected) =
                new LinearRecursion(
                    GaussianMixture.One.Means[0].X,
                    GaussianMixture.One.Deviations[0]).After(sampler, SamplingStep.Reverse(sampler.Timesteps, _schedule));
            var errors = (new Batch(ExactRun.Axis(samples, 0), Samples).Deviation() - expected) / (expected / Math.Sqrt(2 * Samples));
            return Report(FormattableString.Invariant($"{Unclipped(sampler)}: {expected:F5};"), errors, Math.Abs(errors) <= 3);
        });
    }

    private static int Marginals()
    {
        Console.WriteLine($"Kolmogorov-Smirnov distance of {Samples} samples to the mixture, the larger of both axes:");
        return Marginal(new DdpmSampler(1000), 0.015)
            + Marginal(new DdimSampler(1000, eta: 1), 0.015)
            + Marginal(new DpmSolverSampler(100, stochastic: true) { Timesteps = TimestepSubset.LogSnr(100) }, 0.0064)
            + Marginal(new HeunSampler(), 0.02)
            + Marginal(new HeunSampler { Timesteps = TimestepSubset.Karras(18, sigmaMax: double.PositiveInfinity) }, 1)
            + Marginal(new DpmSolverSampler(20) { Timesteps = TimestepSubset.Trailing(20) }, 1)
            + Marginal(new DpmSolverSampler(20) { Timesteps = TimestepSubset.LogSnr(20) }, 0.015);
    }

    private static int Marginal(Sampler sampler, double most)
    {
        var noise = new BatchNoise(seed: 2);
        var samples = ExactRun.Sample(sampler, GaussianMixture.Three, _schedule, Samples, noise);
        var distance = ExactRun.Distance(samples, GaussianMixture.Three);
        return Report(
            FormattableString.Invariant(
                $"{Unclipped(sampler)}: deviation within modes {ExactRun.DeviationWithinModes(samples, GaussianMixture.Three):F4}, distance"),
            distance,
            distance <= most);
    }

    // As it runs here: the data go a little beyond [-1, 1].
    private static Sampler Unclipped(Sampler sampler) => sampler with { Clipping = Clipping.None };

    private static int Report(string what, double value, bool holds)
    {
        Console.WriteLine(FormattableString.Invariant($"  {what} {value:F4}{(holds ? "" : "  OUTSIDE OF ITS BOUND")}"));
        return holds ? 0 : 1;
    }
}
