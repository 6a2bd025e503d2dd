using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Engines.Cpu;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Benchmarks;

/// <summary>What the CPU's engine computes in a second, as a share of what the cores could: no other library takes part.</summary>
internal static class EngineSpeed
{
    private static readonly (string Name, UNetPlan Plan)[] _networks =
    [
        ("garments", Plan(Configuration.Garments)),
        ("small", Plan(Configuration.Small)),
        ("default 32x32", new UNetPlan(new UNetOptions(), 3, 3, 32, 32)),
        ("64 channels 64x64", new UNetPlan(new UNetOptions { BaseChannels = 64, ChannelMultipliers = [1, 2, 2, 2], AttentionResolutions = [8] }, 3, 3, 64, 64)),
    ];

    private static float _sink; // so that nothing is left out

    /// <summary>Prints a table.</summary>
    /// <param name="only">The network's name; empty for all.</param>
    /// <param name="profiles">Whether to print where the time goes.</param>
    public static void Print(string only, bool profiles)
    {
        var peak = Environment.ProcessorCount * Peak();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"peak of {Environment.ProcessorCount} cores: {peak:F0} GFLOP/s"));
        Console.WriteLine("| network | batch | prediction, images/s | GFLOP/s | of peak | training, images/s | GFLOP/s | of peak |");
        Console.WriteLine("| --- | --- | --- | --- | --- | --- | --- | --- |");
        foreach (var (name, plan) in _networks.Where(network => only.Length == 0 || network.Name == only))
        {
            foreach (var batch in (int[])[1, 8, 64])
            {
                var (predicted, trained) = (Predictions(plan, batch), Steps(plan, batch));
                var work = PlanWork.Operations(plan) * 1e-9;
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {name} | {batch} | {predicted:F1} | {predicted * work:F0} | {predicted * work / peak:P0} | {trained:F1} | {3 * trained * work:F0} | {3 * trained * work / peak:P0} |"));
            }

            if (profiles)
            {
                Profile(plan);
            }
        }
    }

    private static UNetPlan Plan(Configuration configuration) => new(
        new UNetOptions
        {
            BaseChannels = configuration.BaseChannels,
            ChannelMultipliers = configuration.Multipliers,
            NumberOfResidualBlocks = configuration.Blocks,
            AttentionResolutions = [configuration.AttentionAt],
            Dropout = 0,
        },
        configuration.Channels,
        configuration.Channels,
        configuration.ImageSize,
        configuration.ImageSize);

    private static NetworkWeights Weights(UNetPlan plan)
    {
        var weights = new NetworkWeights(plan);
        var random = new Random(1);
        foreach (ref var value in weights.All)
        {
            value = (float)((random.NextDouble() - 0.5) * 0.1);
        }

        return weights;
    }

    private static double Numbers(PlanNode node) => (double)node.Shape.Channels * node.Shape.Height * node.Shape.Width;

    private static NetworkInput Input(UNetPlan plan, int batch)
    {
        var x = new float[batch * (int)plan.Nodes.OfType<ImagesNode>().Sum(Numbers)];
        var random = new Random(2);
        return new NetworkInput(batch, Array.ConvertAll(x, _ => (float)(random.NextDouble() - 0.5)), new float[] { 500 }, default);
    }

    private static double Predictions(UNetPlan plan, int batch)
    {
        using var network = new CpuNetwork(Weights(plan));
        var input = Input(plan, batch);
        var prediction = new float[batch * (int)Numbers(plan.Nodes[^1])];
        return Speed(batch, () => network.Predict(input, prediction));
    }

    private static double Steps(UNetPlan plan, int batch)
    {
        using var network = new CpuNetwork(Weights(plan));
        using var training = network.Train(TrainingPrecision.Float32);
        var input = Input(plan, batch);
        var draws = new DropoutDraws(new RandomNumbers(RandomStream.Dropout, 1), 0);
        return Speed(batch, () =>
        {
            training.AddGradients(input, draws, (_, _, gradient) => gradient.Fill(1e-6f));
            training.Update(new UpdateSettings(1e-6, 0, 1, 0.9), isLossFinite: true);
        });
    }

    private static double Speed(int images, Action action)
    {
        action();
        action();
        var times = new List<double>();
        var all = Stopwatch.StartNew();
        while (all.Elapsed.TotalSeconds < 3 || times.Count < 5)
        {
            var clock = Stopwatch.StartNew();
            action();
            times.Add(clock.Elapsed.TotalSeconds);
        }

        return images / ProjectSide.Median(times);
    }

    // Where one core's time goes in training: the best of some rounds for each node.
    private static void Profile(UNetPlan plan)
    {
        const int Images = 16;
        CoreShare.Cores = 1;
        var program = new CpuProgram(plan, Images, plan.Nodes.Count - 1, trains: true);
        var call = new CpuCall(program, Weights(plan), new NetworkWeights(plan));
        call.Begin(Input(plan, Images), 0, new DropoutDraws(new RandomNumbers(RandomStream.Dropout, 1), 0));
        var (forward, backward) = (Never(), Never());
        for (var round = 0; round < 40; round++)
        {
            var (ahead, back) = (new double[plan.Nodes.Count], new double[plan.Nodes.Count]);
            program.Measure(call, ahead, back);
            for (var node = 0; node < ahead.Length; node++)
            {
                (forward[node], backward[node]) = (Math.Min(forward[node], ahead[node]), Math.Min(backward[node], back[node]));
            }
        }

        double[] Never() => [.. plan.Nodes.Select(_ => double.PositiveInfinity)];
        var total = forward.Sum() + backward.Sum();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  one core at its best: {Images / total:F1} images/s in training, {Images / forward.Sum():F1} in prediction"));
        foreach (var group in plan.Nodes.Index()
            .GroupBy(node => Kind(plan, node.Item))
            .OrderByDescending(group => group.Sum(node => forward[node.Index] + backward[node.Index])))
        {
            var (ahead, back) = (group.Sum(node => forward[node.Index]), group.Sum(node => backward[node.Index]));
            var work = group.Sum(node => PlanWork.Operations(node.Item)) * Images * 1e-9;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  {group.Key,-40} {ahead / total,6:P1} forward {work / ahead,5:F0} GFLOP/s, {back / total,6:P1} backward {2 * work / back,5:F0} GFLOP/s"));
        }

        CoreShare.Cores = 0;
    }

    private static string Kind(UNetPlan plan, PlanNode node) => node is ConvolutionNode convolution
        ? $"{convolution.Filters.Weight.Shape[^1]}x{convolution.Filters.Weight.Shape[^1]}{(convolution.Settings.Doubles ? " doubled" : "")}{(convolution.Settings.Stride > 1 ? " strided" : "")} {plan.Nodes[convolution.Input].Shape.Channels} to {node.Shape}"
        : node.GetType().Name;

    // Billions of operations in a second of one core: independent multiply-adds of whole vectors, for as short a time that some have a core to themselves.
    private static double Peak()
    {
        const int Rounds = 20_000;
        var best = 0.0;
        for (var repetition = 0; repetition < 500; repetition++)
        {
            var clock = Stopwatch.GetTimestamp();
            _sink = MultiplyAdd(Rounds);
            best = Math.Max(best, Rounds * 10.0 * 2 * Vector512<float>.Count / Stopwatch.GetElapsedTime(clock).TotalSeconds * 1e-9);
        }

        return best;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float MultiplyAdd(int rounds)
    {
        var x = Vector512.Create(0.999f);
        var y = Vector512.Create(0.001f);
        Vector512<float> a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y, i = y, j = y;
        for (var round = 0; round < rounds; round++)
        {
            a = Vector512.FusedMultiplyAdd(a, x, y);
            b = Vector512.FusedMultiplyAdd(b, x, y);
            c = Vector512.FusedMultiplyAdd(c, x, y);
            d = Vector512.FusedMultiplyAdd(d, x, y);
            e = Vector512.FusedMultiplyAdd(e, x, y);
            f = Vector512.FusedMultiplyAdd(f, x, y);
            g = Vector512.FusedMultiplyAdd(g, x, y);
            h = Vector512.FusedMultiplyAdd(h, x, y);
            i = Vector512.FusedMultiplyAdd(i, x, y);
            j = Vector512.FusedMultiplyAdd(j, x, y);
        }

        return Vector512.Sum(a + b + c + d + e + f + g + h + i + j);
    }
}
