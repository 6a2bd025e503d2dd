using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Samplers;

[TestClass]
public sealed class GaussianDiffusionTests
{
    private static readonly GaussianDiffusion _diffusion = new(NoiseSchedule.Linear());
    private static readonly int[] _timesteps = [0, 500, 999];

    public static IEnumerable<object[]> Kinds => Enum.GetValues<PredictionType>().Select(kind => new object[] { kind });

    [TestMethod]
    [DynamicData(nameof(Kinds))]
    public void Conversions_FromAnyOfTheThree_GiveAllThree(PredictionType kind)
    {
        using var scope = NewDisposeScope();
        var (x0, noise) = (SamplerInputs.Noise(3, seed: 1), SamplerInputs.Noise(3, seed: 2));
        var xt = _diffusion.AddNoise(x0, noise, _timesteps);
        var velocity = new GaussianDiffusion(_diffusion.Schedule, PredictionType.VPrediction).Target(x0, noise, _timesteps);
        var known = new GaussianDiffusion(_diffusion.Schedule, kind).Target(x0, noise, _timesteps);

        // Dividing by sqrt(alpha-bar) or sqrt(1 - alpha-bar), at the ends about 0.01, magnifies rounding.
        Assert.IsLessThan(1e-12, (_diffusion.ToOriginalSample(xt, known, kind, _timesteps) - x0).abs().max().ToDouble());
        Assert.IsLessThan(1e-12, (_diffusion.ToNoise(xt, known, kind, _timesteps) - noise).abs().max().ToDouble());
        Assert.IsLessThan(1e-12, (_diffusion.ToVelocity(xt, known, kind, _timesteps) - velocity).abs().max().ToDouble());
    }

    [TestMethod]
    public void Methods_WithoutAScope_LeaveOnlyTheirResultsAlive()
    {
        using var x = SamplerInputs.Noise(3);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        using var noisy = _diffusion.AddNoise(x, x, _timesteps);
        using var target = _diffusion.Target(x, x, _timesteps);
        using var velocity = _diffusion.ToVelocity(x, x, PredictionType.Epsilon, _timesteps);
        using var original = _diffusion.ToOriginalSample(x, x, PredictionType.Sample, _timesteps);
        using var noise = _diffusion.ToNoise(x, x, PredictionType.Sample, _timesteps);
        var (mean, variance, logVariance) = _diffusion.Posterior(x, x, _timesteps);

        Assert.AreEqual(before + 8, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        mean.Dispose();
        variance.Dispose();
        logVariance.Dispose();
    }

    [TestMethod]
    public void AddNoise_TimestepBeyondTheSchedule_SaysWhy()
    {
        using var x = SamplerInputs.Noise(3);

        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _diffusion.AddNoise(x, x, [0, 1000, 1]));

        Assert.AreEqual("timesteps[1] must be from 0 to 999, because the schedule has 1000 timesteps. (Parameter 'timesteps')\nActual value was 1000.", error.Message.ReplaceLineEndings("\n"));
    }

    [TestMethod]
    public void AddNoise_AnotherNumberOfTimesteps_SaysWhy()
    {
        using var x = SamplerInputs.Noise(3);

        var error = Assert.ThrowsExactly<ArgumentException>(() => _diffusion.AddNoise(x, x, [0, 1]));

        Assert.AreEqual("timesteps must hold one timestep for each of the 3 samples, got 2. (Parameter 'timesteps')", error.Message);
    }

    [TestMethod]
    public void Conversions_UnknownKind_SayWhy()
    {
        using var x = SamplerInputs.Noise(3);

        foreach (var convert in new Func<Tensor>[] { () => _diffusion.ToNoise(x, x, (PredictionType)5, _timesteps), () => _diffusion.ToOriginalSample(x, x, (PredictionType)5, _timesteps), () => _diffusion.ToVelocity(x, x, (PredictionType)5, _timesteps) })
        {
            var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(convert);
            Assert.AreEqual("kind must be Epsilon, Sample or VPrediction. (Parameter 'kind')\nActual value was 5.", error.Message.ReplaceLineEndings("\n"));
        }
    }
}
