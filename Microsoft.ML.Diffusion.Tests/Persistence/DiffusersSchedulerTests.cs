using System.Text.Json.Nodes;
using Microsoft.ML.Diffusion.Persistence.Diffusers;
using Microsoft.ML.Diffusion.Samplers;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Diffusion.Tests.Golden;
using Microsoft.ML.Diffusion.Tests.Samplers;

namespace Microsoft.ML.Diffusion.Tests.Persistence;

/// <summary>A scheduler_config.json becomes a schedule and a sampler that take diffusers' own steps.</summary>
[TestClass]
public sealed class DiffusersSchedulerTests
{
    private const double Tolerance = 1e-10; // in double, relative to the run's largest number: Golden/data/README.md

    private static readonly Lazy<GoldenRun[]> _runs =
        new(() =>
            [.. GoldenRun.Files.Select(GoldenRun.Load).Where(run => run.Config.Text("scheduler") is "DDPMScheduler" or "DDIMScheduler")]);

    public static IEnumerable<object[]> Runs => _runs.Value.Select(run => new object[] { run.File });

    [TestMethod]
    [TestCategory(TestCategories.Golden)]
    [DynamicData(nameof(Runs))]
    public void Read_SchedulerOfARun_SamplesAsThePeerDid(string file)
    {
        var run = _runs.Value.Single(run => run.File == file);
        var peer = PeerRun.Of(run);
        var timesteps = TimestepsInside(peer);
        if (timesteps is not null)
        {
            Assert.ThrowsExactly<NotSupportedException>(() => Read(run), timesteps);
            return;
        }

        var ours = Read(run);
        var step = run.Config["step_kwargs"] ?? new JsonObject();
        var sampler = ours.Sampler is DdimSampler implicitly
            ? new DdimSampler(1, step.Number("eta", 0))
            {
                Timesteps = implicitly.Timesteps,
                Clipping = implicitly.Clipping with { KeepPredictedNoise = !step.Flag("use_clipped_model_output", false) },
            }
            : ours.Sampler;
        var steps = SamplingStep.Reverse(sampler.Timesteps, ours.Schedule);

        Assert.AreEqual(peer.Prediction, ours.Prediction);
        GoldenAssert.AreClose([.. peer.Steps.Select(item => item.Timestep)], [.. steps.Select(item => item.Timestep)], file);
        GoldenAssert.AreClose(
            [.. peer.Steps.Select(item => item.AlphaBar)],
            [.. steps.Select(item => item.AlphaBar)],
            file,
            relative: 1e-12);
        GoldenAssert.AreClose(
            [.. peer.Steps.Select(item => item.AlphaBarPrevious)],
            [.. steps.Select(item => item.AlphaBarPrevious)],
            file,
            relative: 1e-12);

        // Noise that we do not draw is noise that would be of no effect: at a clean end, where only beta itself is a variance above 0, or in a step
        // that leads nowhere.
        Assert.IsFalse(
            peer.Steps.Zip(steps).Any(
                pair => pair.First.AddsNoise
                    && !pair.Second.AddsNoise
                    && (pair.First.AlphaBarPrevious < 1 || ours.Variance == DdpmVariance.FixedLarge)
                    && pair.First.AlphaBarPrevious != pair.First.AlphaBar),
            file);
        var drawn = peer.Steps.Zip(steps, (theirs, mine) => mine with { AddsNoise = theirs.AddsNoise }).ToList();
        foreach (var trajectory in SamplerReplay.Replays(
            run,
            peer with { Steps = drawn, Samplers = [sampler], Clipping = sampler.Clipping },
            isSingle: false))
        {
            var last = run.Timesteps.Length;
            GoldenAssert.AreClose(
                run.X[last],
                trajectory.X[^1],
                file,
                Math.Max(Tolerance, Math.Sqrt(peer.VarianceFloor) * 10) * run.Magnitude);
        }
    }

    [TestMethod]
    [DataRow("""{ "variance_type": "learned" }""", """variance_type = learned is not supported: only fixed_small, fixed_small_log, fixed_large and learned_range are.""")]
    [DataRow("""{ "variance_type": "fixed_large_log" }""", """variance_type = fixed_large_log is not supported: only fixed_small, fixed_small_log, fixed_large and learned_range are.""")]
    [DataRow("""{ "beta_schedule": "laplace" }""", """beta_schedule = laplace is not supported: only linear, scaled_linear, squaredcos_cap_v2 and sigmoid are.""")]
    [DataRow("""{ "timestep_spacing": "karras" }""", """timestep_spacing = karras is not supported: only leading, trailing and linspace are.""")]
    [DataRow("""{ "prediction_type": "flow" }""", """prediction_type = flow is not supported: only epsilon, sample and v_prediction are.""")]
    [DataRow("""{ "steps_offset": 1 }""", """steps_offset = 1 is not supported: with 1000 steps it leaves the timesteps 0 to 999. Set NumberOfInferenceSteps to another number.""")]
    [DataRow("""{ "rescale_betas_zero_snr": true }""", """prediction_type = epsilon is not supported: no image can be recovered from the noise of the last timestep where rescale_betas_zero_snr is true.""")]
    [DataRow("""{ "use_karras_sigmas": true }""", """use_karras_sigmas = true is not supported: this key is not known, and it might change what the model does.""")]
    [DataRow("""{ "_class_name": "PNDMScheduler" }""", """_class_name = PNDMScheduler is not supported: only DDPMScheduler and DDIMScheduler are.""")]
    public void Read_ValueThatIsNotSupported_IsRefusedByName(string json, string message) => Expect<NotSupportedException>(json, message);

    [TestMethod]
    [DataRow("""{ "clip_sample": 1 }""", "clip_sample must be true or false, but it is 1.")]
    [DataRow("""{ "num_train_timesteps": 1.5 }""", "num_train_timesteps must be a whole number, but it is 1.5.")]
    [DataRow("""{ "trained_betas": [0.1, 0.2] }""", "trained_betas must hold num_train_timesteps = 1000 values, but it holds 2.")]
    [DataRow("""{ "clip_sample_range": 0 }""", "clip_sample_range: range must be above 0, because it is half the width of the range that images may have. (Parameter 'range')\nActual value was 0.")]
    [DataRow("[]", "must be a JSON object.")]
    public void Read_ImpossibleValue_IsRefused(string json, string message) => Expect<FormatException>(json, message);

    [TestMethod]
    public void Read_DdimOverFiftySteps_IsTheLibrarysOwnUniformChoice()
    {
        var scheduler = Read("""{ "_class_name": "DDIMScheduler" }""", null);

        Assert.AreEqual(
            new DdimSampler(50) { Timesteps = TimestepSubset.Uniform(50), Clipping = Clipping.Static() with { KeepPredictedNoise = true } },
            scheduler.Sampler);
    }

    [TestMethod]
    public void Read_StableDiffusionsOffsets_AreSteps()
    {
        var scheduler =
            Read("""{ "_class_name": "DDIMScheduler", "steps_offset": 1, "set_alpha_to_one": false, "clip_sample": false }""", 4);

        CollectionAssert.AreEqual(
            new TimestepPair[] { new(751, 501), new(501, 251), new(251, 1), new(1, 0) },
            scheduler.Sampler.Timesteps.Pairs(1000).ToArray());
    }

    [TestMethod]
    public void Read_DefaultsThatWereSaved_GiveWayToTodays()
    {
        var scheduler = Read("""{ "prediction_type": "sample", "_use_default_values": ["prediction_type"] }""", 10);

        Assert.AreEqual(PredictionType.Epsilon, scheduler.Prediction);
    }

    private static string? TimestepsInside(PeerRun peer) =>
        peer.Timesteps.Any(t => t < 0) ? $"{peer.Timesteps.Min()} is no timestep of training" : null;

    private static DiffusersScheduler Read(GoldenRun run)
    {
        var config = run.Config["init"]!.DeepClone().AsObject();
        config["_class_name"] = run.Config.Text("scheduler");
        return Read(config.ToJsonString(), run.Config.Int("num_inference_steps"));
    }

    private static DiffusersScheduler Read(string json, int? steps) =>
        InFile(json, path => DiffusersScheduler.Read(DiffusersConfig.Read(path), null, steps));

    private static void Expect<TException>(string json, string message)
        where TException : Exception => InFile(json, path =>
    {
        Messages.Expect<TException>($"{path}: {message}", () => DiffusersScheduler.Read(DiffusersConfig.Read(path), null, null));
        return 0;
    });

    private static T InFile<T>(string json, Func<string, T> use)
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, json);
            return use(path);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
