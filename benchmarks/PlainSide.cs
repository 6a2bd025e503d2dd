using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Benchmarks;

/// <summary>
/// What a competent user writes by hand in TorchSharp: modules, torch.optim.AdamW, dispose scopes, the default allocator. It uses nothing of the
/// library.
/// </summary>
internal static class PlainSide
{
    public static Measurement Measure(Configuration configuration)
    {
        manual_seed(0);
        if (configuration.Device != "cpu" && cuda.is_available())
        {
            backends.cuda.matmul.allow_tf32 = true; // as the library does
        }

        var device = torch.device(configuration.Device);
        using var network = new PlainUNet(configuration);
        network.to(device);
        var average = network.parameters().Select(weight => weight.detach().clone()).ToArray();
        using var optimizer = optim.AdamW(network.parameters(), 2e-4);
        using var alphaBar = (1 - linspace(1e-4, 0.02, 1000, device: device)).cumprod(0);
        using var data =
            randint(
                0,
                256,
                [configuration.BatchSize * 2, configuration.Channels, configuration.ImageSize, configuration.ImageSize],
                dtype: ScalarType.Byte,
                device: device);

        void Step()
        {
            using var scope = NewDisposeScope();
            var x0 = (data[randint(0, data.shape[0], [configuration.BatchSize], device: device)].to(ScalarType.Float32) / 127.5) - 1;
            var timesteps = randint(0, 1000, [configuration.BatchSize], device: device);
            var noise = randn_like(x0);
            var signal = alphaBar[timesteps].view(-1, 1, 1, 1);
            var loss = nn.functional.mse_loss(network.forward((signal.sqrt() * x0) + ((1 - signal).sqrt() * noise), timesteps), noise);
            optimizer.zero_grad();
            loss.backward();
            nn.utils.clip_grad_norm_(network.parameters(), 1.0);
            optimizer.step();
            using var noGrad = no_grad();
            foreach (var (mean, weight) in average.Zip(network.parameters()))
            {
                mean.lerp_(weight, 1e-4);
            }

            _ = loss.ToSingle(); // a step of the library has ended, too, when it is reported
        }

        var step = Times(Step, configuration.WarmupSteps, configuration.TrainingSteps).Order().ElementAt(configuration.TrainingSteps / 2);
        var peak = PeakMemory.Megabytes;
        network.eval();
        var sampling = Times(() => SampleAll(network, configuration, alphaBar), 0, Configuration.SamplingRuns).Min();
        return new Measurement(
            configuration.BatchSize / step,
            configuration.BatchSize * configuration.SamplingBatches / sampling,
            peak,
            network.parameters().Sum(weight => weight.numel()));
    }

    private static void SampleAll(PlainUNet network, Configuration configuration, Tensor alphaBars)
    {
        for (var batch = 0; batch < configuration.SamplingBatches; batch++)
        {
            Sample(network, configuration, alphaBars);
        }
    }

    // DDIM with eta 0.
    private static void Sample(PlainUNet network, Configuration configuration, Tensor alphaBars)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var x = randn(configuration.BatchSize, configuration.Channels, configuration.ImageSize, configuration.ImageSize, device: alphaBars.device);
        for (var i = Configuration.SamplingSteps; i > 0; i--)
        {
            using var stepScope = NewDisposeScope();
            var t = (i * 1000 / Configuration.SamplingSteps) - 1;
            var previous = ((i - 1) * 1000 / Configuration.SamplingSteps) - 1;
            var (alphaBar, previousAlphaBar) = (alphaBars[t].ToDouble(), previous < 0 ? 1 : alphaBars[previous].ToDouble());
            var noise = network.forward(x, full([configuration.BatchSize], (long)t, device: x.device));
            var x0 = ((x - (Math.Sqrt(1 - alphaBar) * noise)) / Math.Sqrt(alphaBar)).clamp(-1, 1);
            x = ((Math.Sqrt(previousAlphaBar) * x0) + (Math.Sqrt(1 - previousAlphaBar) * noise)).MoveToOuterDisposeScope();
        }

        _ = x.cpu();
    }

    private static List<double> Times(Action action, int warmup, int count) => Enumerable.Range(0, warmup + count).Select(_ =>
    {
        var clock = Stopwatch.StartNew();
        action();
        return clock.Elapsed.TotalSeconds;
    }).TakeLast(count).ToList();
}
