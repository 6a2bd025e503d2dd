using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using TorchSharp;

namespace Microsoft.ML.Diffusion.Tests.Training;

[TestClass]
public sealed class TrainingTests
{
    public static IEnumerable<TestDataRow<(string Device, PredictionType Prediction)>> Predictions => EveryDevice.With(Enum.GetValues<PredictionType>());

    [TestMethod]
    [TestCategory(TestCategories.Integration)]
    [DynamicData(nameof(Predictions))]
    public void Fit_TinySet_LossFalls(string device, PredictionType prediction)
    {
        var reports = new List<TrainingProgress>();
        var options = TinyModel.On(device) with
        {
            Prediction = prediction,
            Network = TinyModel.Options.Network with { BaseChannels = 16 },
            Training = new TrainingOptions
            {
                NumberOfSteps = 150,
                BatchSize = 16,
                LearningRate = 4e-3,
                WarmupSteps = 10,
                ReportEverySteps = 15,
                Progress = new Direct<TrainingProgress>(reports.Add),
            },
        };

        using var model = TinyModel.Train(options);

        Assert.HasCount(11, reports); // that of the first step too
        Assert.IsLessThan(0.5 * reports[0].Loss, reports[^1].Loss, $"from {reports[0].Loss} to {reports[^1].Loss}");
        Assert.AreEqual(150, model.Training!.Steps);
        Assert.AreEqual(0, model.Training.SkippedSteps);
        var roughness = model.Generate(8, model.Generation with { Sampler = new DdimSampler(20) }).Average(RoughnessOfColumns);
        Assert.IsLessThan(30, roughness, "the pictures to learn from are vertical bars, light or dark from top to bottom");
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Processors), typeof(EveryDevice))]
    public void Fit_SameSeed_GivesTheSameModel(string device)
    {
        var options =
            TinyModel.LabelledOn(device) with
            {
                Network = TinyModel.Options.Network with { Dropout = 0.2 },
                Training = TinyModel.Options.Training with { FlipHorizontally = true },
            };
        using var first = TinyModel.Train(options);
        using var second = TinyModel.Train(options);
        using var other = TinyModel.Train(options with { Seed = 2 });

        var digest = Pictures.Digest(first.Generate(2));

        Assert.AreEqual(digest, Pictures.Digest(second.Generate(2)));
        Assert.AreNotEqual(digest, Pictures.Digest(other.Generate(2)));
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Names), typeof(EveryDevice))]
    public void Fit_LeavesTheGlobalGeneratorAlone(string device)
    {
        torch.manual_seed(77);
        using var expected = torch.rand(4);
        torch.manual_seed(77);
        using var network = TinyModel.Train(TinyModel.On(device));

        using var drawn = network.Generate(1)[0];
        torch.manual_seed(77);
        using var again = torch.rand(4);

        CollectionAssert.AreEqual(expected.data<float>().ToArray(), again.data<float>().ToArray());
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Names), typeof(EveryDevice))]
    public void Fit_DivergingRun_SkipsStepsAndKeepsTheModel(string device)
    {
        var reports = new List<TrainingProgress>();
        var options = TinyModel.On(device) with
        {
            Training = new TrainingOptions
            {
                NumberOfSteps = 12,
                BatchSize = 4,
                LearningRate = 1e30,
                WarmupSteps = 0,
                MaximumGradientNorm = double.PositiveInfinity,
                ReportEverySteps = 4,
                Progress = new Direct<TrainingProgress>(reports.Add),
            },
        };

        using var model = TinyModel.Train(options);

        Assert.IsGreaterThan(0, model.Training!.SkippedSteps);
        Assert.AreEqual(model.Training.SkippedSteps, reports[^1].SkippedSteps);
    }

    [TestMethod]
    public void Fit_Reports_ReachTheLog()
    {
        var mlContext = new MLContext(seed: 3);
        var messages = new List<string>();
        mlContext.Log += (_, e) => messages.Add(e.Message);

        using var model =
            TinyModel.Train(TinyModel.Options with { Training = TinyModel.Options.Training with { ReportEverySteps = 5 } }, mlContext);

        Assert.IsTrue(
            messages.Any(message => message.Contains("step 5 of 10 (50 %), epoch 5.00, loss ", StringComparison.Ordinal)),
            string.Join('\n', messages));
    }

    [TestMethod]
    public void Fit_WithoutSeed_ReportsTheOneItUses()
    {
        var mlContext = new MLContext();
        var messages = new List<string>();
        mlContext.Log += (_, e) => messages.Add(e.Message);

        using var model = TinyModel.Train(TinyModel.Options with { Seed = null }, mlContext);

        Assert.IsTrue(
            messages.Any(message => message.Contains($"this run uses {model.Training!.Seed}.", StringComparison.Ordinal)),
            string.Join('\n', messages));
    }

    [TestMethod]
    public void Fit_Cancelled_Throws()
    {
        using var source = new CancellationTokenSource();
        var training =
            TinyModel.Options.Training with
            {
                CancellationToken = source.Token,
                ReportEverySteps = 1,
                Progress = new Direct<TrainingProgress>(_ => source.Cancel()),
            };

        Assert.ThrowsExactly<OperationCanceledException>(() => TinyModel.Train(TinyModel.Options with { Training = training }));
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Names), typeof(EveryDevice))]
    public void TrainAndGenerate_LeaveNoTensorsBehind(string device) => Alone.Run(() =>
    {
        long Live() => DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        var perStep = new List<long>();
        var training =
            new TrainingOptions
            {
                NumberOfSteps = 50,
                BatchSize = 4,
                ReportEverySteps = 1,
                FlipHorizontally = true,
                Progress = new Direct<TrainingProgress>(_ => perStep.Add(Live())),
            };

        using (var model = TinyModel.Train(TinyModel.Labelled with { Training = training }))
        {
            var trained = Live();
            for (var i = 0; i < 10; i++)
            {
                Pictures.Digest(model.Generate(2));
                Pictures.Digest(model.Interpolate(1, 2, 3));
                Assert.AreEqual(trained, Live());
            }
        }

        Assert.AreEqual(1, perStep.Distinct().Count(), "tensors alive after each step: " + string.Join(", ", perStep));
    });

    // Mean difference of a pixel to the one above, in levels of 256; noise has about 85, bars have 0.
    private static double RoughnessOfColumns(MLImage image)
    {
        using (image)
        {
            var grey = ImagePixels.ReadRgb(image);
            return Enumerable.Range(Pictures.Side, Pictures.Side * (Pictures.Side - 1))
                .Average(i => Math.Abs(grey[i] - grey[i - Pictures.Side]));
        }
    }
}
