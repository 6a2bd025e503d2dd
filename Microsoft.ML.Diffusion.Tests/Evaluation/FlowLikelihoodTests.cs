using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Evaluation;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Schedules;
using Microsoft.ML.Diffusion.Tests.Exact;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Evaluation;

/// <summary>The density by the probability flow, where it is known and on a model.</summary>
[TestClass]
public sealed class FlowLikelihoodTests
{
    private const int Points = 300;
    private const int Steps = 60;
    private const double Bits = 1e-2;

    private static readonly NoiseSchedule _schedule = NoiseSchedule.Cosine();
    private static readonly LevelTable _levels = new(_schedule);

    [TestMethod]
    [DataRow("normal", false)]
    [DataRow("normal", true)]
    [DataRow("mixture", false)]
    [DataRow("mixture", true)]
    public void LogDensities_ExactTrace_AreThoseOfTheData(string data, bool isSingle)
    {
        var mixture = data == "normal" ? GaussianMixture.One : GaussianMixture.Three;
        var points = mixture.Draw(Points, new BatchNoise(seed: 3));

        var found = Flow(mixture, isSingle).LogDensities(points, probes: null);

        Assert.IsLessThan(Bits, found.Zip(Expected(mixture, points), (a, b) => Math.Abs(a - b) / 2 / Math.Log(2)).Max());
    }

    [TestMethod]
    public void LogDensities_RandomProbes_AreRightInTheMean()
    {
        const int Probes = 16;
        var mixture = GaussianMixture.Three;
        var points = mixture.Draw(Points, new BatchNoise(seed: 3));
        var (_, probes) = LikelihoodDraws.Flow(seed: 5, [.. Enumerable.Range(0, Points)], length: 2, Probes);

        var errors = Flow(mixture).LogDensities(points, probes).Zip(Expected(mixture, points), (a, b) => (a - b) / 2 / Math.Log(2)).ToArray();

        var deviation = Math.Sqrt(errors.Average(error => error * error));
        Assert.IsTrue(probes.All(probe => probe.Values.All(value => Math.Abs(value) == 1)));
        Assert.IsGreaterThan(1e-4, deviation); // single points are off
        Assert.IsLessThan(Math.Min(Bits, 3 * deviation / Math.Sqrt(Points)), Math.Abs(errors.Average()));
    }

    [TestMethod]
    public void LogDensities_MoreSteps_ComeCloserByTheFourthOrder()
    {
        var points = GaussianMixture.Three.Draw(50, new BatchNoise(seed: 3));
        var exact = Flow(GaussianMixture.Three, steps: 320).LogDensities(points, null);

        double[] errors = [.. new[] { 20, 40, 80 }.Select(steps =>
            Flow(GaussianMixture.Three, steps: steps).LogDensities(points, null).Zip(exact, (a, b) => Math.Abs(a - b)).Average())];

        Assert.IsGreaterThan(3, -ExactRun.Slope([20, 40, 80], errors));
    }

    [TestMethod]
    public void EvaluateLikelihood_WithTheFlow_GivesItBesideTheBound()
    {
        using var model = TinyModel.Train(TinyModel.Labelled);
        var images = model.Generate(3);
        var options = new LikelihoodOptions { NumberOfTimesteps = 3, NumberOfFlowSteps = 20, Seed = 1, Labels = [0, 1, -1] };

        var (metrics, alone) = (model.EvaluateLikelihood(images, options), model.EvaluateLikelihood(images, options with { BatchSize = 1 }));
        var bound = model.EvaluateLikelihood(images, options with { NumberOfFlowSteps = null });

        Assert.HasCount(3, metrics.FlowPerImage!);
        Assert.AreEqual(metrics.FlowPerImage!.Average(), metrics.FlowBitsPerDimension!.Value, 1e-12);
        Assert.AreSequenceEqual(metrics.FlowPerImage!, alone.FlowPerImage!);
        Assert.AreEqual(bound.BitsPerDimension, metrics.BitsPerDimension);
        Assert.IsNull(bound.FlowBitsPerDimension);
        Assert.IsNull(bound.FlowPerImage);
        Assert.EndsWith(" by the flow", $"{metrics}");
        Assert.IsGreaterThan(0, metrics.FlowBitsPerDimension!.Value);
        Assert.IsLessThan(9, metrics.FlowBitsPerDimension!.Value); // 8 is chance
    }

    [TestMethod]
    public void EvaluateLikelihood_ExactTrace_IsNearThatOfManyProbes()
    {
        using var model = TinyModel.Train();
        var images = model.Generate(1);
        var options = new LikelihoodOptions { NumberOfTimesteps = 3, NumberOfFlowSteps = 20, Seed = 1 };

        var exact = model.EvaluateLikelihood(images, options with { NumberOfFlowProbes = null }).FlowBitsPerDimension!.Value;
        var random = model.EvaluateLikelihood(images, options with { NumberOfFlowProbes = 30 }).FlowBitsPerDimension!.Value;

        Assert.AreEqual(exact, random, 0.1);
        Assert.AreNotEqual(exact, random);
    }

    [TestMethod]
    public void EvaluateLikelihood_Rows_GiveTheSameFigures()
    {
        var mlContext = new MLContext(seed: 1);
        using var model = TinyModel.Train(mlContext: mlContext);
        var rows = mlContext.Data.TakeRows(Pictures.Rows(mlContext), 5);
        var options = new LikelihoodOptions { NumberOfTimesteps = 3, NumberOfFlowSteps = 20, Seed = 1, BatchSize = 2 };
        var reports = new List<double>();

        var once = mlContext.Diffusion.EvaluateLikelihood(model, rows, options: options with { Progress = new Direct<double>(reports.Add) });
        var all = mlContext.Diffusion.EvaluateLikelihood(model, rows, options: options with { BatchSize = 5 });

        Assert.HasCount(5, once.FlowPerImage!);
        Assert.AreSequenceEqual(all.FlowPerImage!, once.FlowPerImage!);
        Assert.AreSequenceEqual(reports.Order(), reports);
        Assert.AreEqual(1, reports[^1]);
        Assert.IsGreaterThan(60, reports.Count); // three batches of eighty evaluations of the flow, and more of the bound
    }

    [TestMethod]
    public void EvaluateLikelihood_CancelledInTheFlow_Ends()
    {
        using var model = TinyModel.Train();
        using var source = new CancellationTokenSource();
        var options = new LikelihoodOptions
        {
            NumberOfTimesteps = 3,
            NumberOfFlowSteps = 20,
            CancellationToken = source.Token,
            Progress = new Direct<double>(share =>
            {
                Assert.IsLessThan(0.6, share);
                if (share > 0.3)
                {
                    source.Cancel();
                }
            }),
        };

        Assert.Throws<OperationCanceledException>(() => model.EvaluateLikelihood(model.Generate(1), options));
    }

    [TestMethod]
    public void EvaluateLikelihood_NumbersWithoutUse_AreRefused()
    {
        using var model = TinyModel.Train();
        var images = model.Generate(1);

        Refuses(new() { NumberOfFlowSteps = 9 }, "NumberOfFlowSteps must be from 10 to 1000, because");
        Refuses(new() { NumberOfFlowProbes = 0 }, "NumberOfFlowProbes must be from 1 to 10000, because");

        void Refuses(LikelihoodOptions options, string message) => Assert.StartsWith(
            message,
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => model.EvaluateLikelihood(images, options)).Message);
    }

    private static FlowLikelihood Flow(GaussianMixture mixture, bool isSingle = false, int steps = Steps)
    {
        var exact = ExactRun.Denoiser(mixture, _schedule);
        return new FlowLikelihood(
            isSingle ? new Denoiser((x, timestep) => Rounded(mixture, Single(x), timestep), PredictionType.Sample, Clipping.None) : exact,
            _levels,
            steps);
    }

    // As a network computes: single precision in and out.
    private static Batch Rounded(GaussianMixture mixture, Batch x, double timestep) =>
        Single(mixture.OriginalSample(x, _levels.AlphaBar((float)timestep)));

    private static Batch Single(Batch x) => Batch.Of(x.ToSingle(), x.Count);

    // Of z, at the lowest level.
    private static double[] Expected(GaussianMixture mixture, Batch points)
    {
        var alphaBar = 1 / (1 + (_levels.Lowest * _levels.Lowest));
        var signal = Math.Sqrt(alphaBar);
        return [.. Enumerable.Range(0, points.Count).Select(
            i => mixture.LogDensity(signal * points[i][0], signal * points[i][1], alphaBar) + Math.Log(alphaBar))];
    }
}
