using Microsoft.ML.Diffusion.Tests.Golden;

namespace Microsoft.ML.Diffusion.Tests.Samplers;

/// <summary>The product's samplers give the numbers of the runs that reference implementations recorded.</summary>
[TestClass]
[TestCategory(TestCategories.Golden)]
public sealed class SamplerReplayTests
{
    private const double DoubleTolerance = 1e-10;  // of max(1, max |x|); Golden/data/README.md

    private static readonly GoldenRun[] _runs = [.. GoldenRun.Files.Select(GoldenRun.Load)];

    public static IEnumerable<object[]> Replayed =>
        _runs.Where(run => GoldenCoverage.ReasonToSkip(run) is null).Select(run => new object[] { run.File });

    public static IEnumerable<object[]> Stochastic => Replayed.Where(row => Run((string)row[0]).Noise.Count > 0);

    [TestMethod]
    [DynamicData(nameof(Replayed))]
    public void Sample_RecordedRun_GivesEveryNumberInDouble(string file) => CompareInDouble(Run(file));

    [TestMethod]
    [DynamicData(nameof(Replayed))]
    public void Sample_RecordedRun_GivesTheResultInSingle(string file)
    {
        var run = Run(file);

        foreach (var trajectory in SamplerReplay.Replays(run, isSingle: true))
        {
            GoldenAssert.AreClose(
                run.X[run.Timesteps.Length],
                trajectory.X[^1],
                $"{file}: result",
                PeerRun.Of(run).SingleTolerance * run.Magnitude);
        }
    }

    [TestMethod]
    public void RecordedRuns_AreAllReplayedOrListed()
    {
        var replayed = Replayed.Select(row => (string)row[0]).ToHashSet();
        var listed = _runs.Where(run => !string.IsNullOrEmpty(GoldenCoverage.ReasonToSkip(run))).Select(run => run.File);
        var indexed = GoldenFolder.ReadJson("samplers/index.json").AsArray().Select(entry => entry!["file"]!.GetValue<string>());

        CollectionAssert.AreEquivalent(indexed.ToArray(), replayed.Concat(listed).ToArray());
        Assert.IsNotEmpty(replayed);
    }

    [TestMethod]
    public void RecordedRuns_Timesteps_AreThoseOfThePeersRule()
    {
        foreach (var run in Replayed.Select(row => Run((string)row[0])))
        {
            // What the network is told is counted in thousandths of the schedule if the peer rescales it.
            var scale = run.Config.Flag("rescale_timesteps", false) ? 1000.0 / run.Config.Int("T") : 1;
            GoldenAssert.AreClose([.. PeerRun.Of(run).Timesteps.Select(t => t * scale)], run.Timesteps, run.File, relative: 1e-12);
        }
    }

    [TestMethod]
    [DynamicData(nameof(Replayed))]
    public void Sample_OneExpectedNumberChanged_IsSeen(string file)
    {
        var run = Run(file);
        var last = run.Timesteps.Length;
        var changed = GoldenAssert.Changed(run.X[last], 3 * DoubleTolerance * run.Magnitude);

        GoldenAssert.Fails(() => CompareInDouble(run with { X = With(run.X, last, changed) }), file);
    }

    [TestMethod]
    [DynamicData(nameof(Replayed))]
    public void Sample_OneStartingNumberChanged_IsSeen(string file)
    {
        var run = Run(file);
        var changed = GoldenAssert.Changed(run.X[0], 1e-4);

        GoldenAssert.Fails(() => CompareInDouble(run with { X = With(run.X, 0, changed) }), file);
    }

    [TestMethod]
    [DynamicData(nameof(Stochastic))]
    public void Sample_FirstNoiseChanged_IsSeenIfTheSamplerIsStochastic(string file)
    {
        var run = Run(file);
        var changed = run with { Noise = With(run.Noise, 0, GoldenAssert.Changed(run.Noise[0], 1e-4)) };

        if (PeerRun.Of(run).Samplers.Any(sampler => sampler.IsStochastic))
        {
            GoldenAssert.Fails(() => CompareInDouble(changed), file);
        }
        else
        {
            CompareInDouble(changed);
        }
    }

    private static void CompareInDouble(GoldenRun run)
    {
        var tolerance = DoubleTolerance * run.Magnitude;
        foreach (var trajectory in SamplerReplay.Replays(run, isSingle: false))
        {
            foreach (var (i, expected) in run.X0)
            {
                GoldenAssert.AreClose(expected, trajectory.X0[i], $"{run.File}: x0.{i}", tolerance, DoubleTolerance);
            }

            foreach (var (i, expected) in run.X.Where(entry => entry.Key > 0))
            {
                GoldenAssert.AreClose(expected, trajectory.X[i - 1], $"{run.File}: x.{i}", tolerance);
            }
        }
    }

    private static GoldenRun Run(string file) => _runs.Single(run => run.File == file);

    private static Dictionary<int, double[]> With(
        IReadOnlyDictionary<int, double[]> entries,
        int key,
        double[] value) => new(entries) { [key] = value };
}
