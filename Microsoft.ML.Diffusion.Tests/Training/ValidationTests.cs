using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Diffusion.Training;

namespace Microsoft.ML.Diffusion.Tests.Training;

[TestClass]
public sealed class ValidationTests
{
    [TestMethod]
    public void Stratified_EveryStratumOnceInRandomOrder()
    {
        var timesteps = Validator.Stratified(50, 1000);

        CollectionAssert.AreEqual(Enumerable.Range(0, 50).Select(i => (20 * i) + 10).ToArray(), timesteps.Order().ToArray());
        CollectionAssert.AreNotEqual(timesteps.Order().ToArray(), timesteps);
        Assert.IsLessThan(0.4, Math.Abs(Correlation(timesteps)), "images in order of class must not go with the timesteps");
        CollectionAssert.AreEqual(new[] { 0, 0, 1, 1, 2, 2 }, Validator.Stratified(6, 3).Order().ToArray());
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Processors), typeof(EveryDevice))]
    public void Fit_WithValidation_LearnsTheSameAndReportsTheLoss(string device)
    {
        var reports = new List<TrainingProgress>();
        var training =
            TinyModel.Options.Training with
            {
                NumberOfSteps = 7,
                ReportEverySteps = 1,
                Progress = new Direct<TrainingProgress>(reports.Add),
                Validation = new ValidationOptions { EverySteps = 3 },
            };
        using var judged = Fit(TinyModel.LabelledOn(device) with { Training = training });
        using var alone = TinyModel.Train(TinyModel.LabelledOn(device) with { Training = training });

        Assert.AreEqual(Weights.Digest(alone), Weights.Digest(judged), "validation must not disturb training");
        CollectionAssert.AreEqual(
            new[] { false, false, true, true, true, true, true },
            reports.Take(7).Select(report => report.ValidationLoss is not null).ToArray());
        Assert.AreEqual(reports[2].ValidationLoss, reports[4].ValidationLoss);
        Assert.AreNotEqual(reports[4].ValidationLoss, reports[6].ValidationLoss, "there is a validation at step 6 and at the end");
        Assert.AreEqual(reports[6].ValidationLoss, judged.Training!.ValidationLoss);
        Assert.IsNull(alone.Training!.ValidationLoss);
        StringAssert.Contains(
            judged.Training.ToString(),
            string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $", validation loss {judged.Training.ValidationLoss:F4}, seed 1"));
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Names), typeof(EveryDevice))]
    public void Fit_NoLearning_ValidationLossIsTheSameToTheLastBit(string device)
    {
        var losses = new List<double?>();
        var training = TinyModel.Options.Training with
        {
            NumberOfSteps = 3,
            LearningRate = 1e-30,
            ReportEverySteps = 1,
            Progress = new Direct<TrainingProgress>(report => losses.Add(report.ValidationLoss)),
            Validation = new ValidationOptions { EverySteps = 1, DrawsPerImage = 3 },
        };

        using var model = Fit(TinyModel.On(device) with { Training = training });
        using var otherSeed = Fit(TinyModel.On(device) with { Seed = 2, Training = training });

        Assert.AreEqual(
            1,
            losses.Distinct().Count(),
            "the noise is fixed, and the untrained network outputs zero whatever its seed: " + string.Join(", ", losses));
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Processors), typeof(EveryDevice))]
    public void Fit_KeepBest_HasTheWeightsOfTheLowestLoss(string device)
    {
        var losses = new Dictionary<int, double>();
        var training =
            Diverging with
            {
                Validation = new ValidationOptions { EverySteps = 1, KeepBest = true },
                Progress = new Direct<TrainingProgress>(report => losses[report.Step] = report.ValidationLoss!.Value),
            };

        using var best = Fit(TinyModel.On(device) with { Training = training });
        var bestStep = losses.MinBy(entry => entry.Value).Key;
        using var stopped =
            Fit(TinyModel.On(device) with
            {
                Training = training with
                {
                    NumberOfSteps = bestStep,
                    Progress = null,
                    Validation = new ValidationOptions(),
                }
            });

        Assert.IsLessThan(training.NumberOfSteps!.Value, bestStep, "the run must get worse, or the test shows nothing");
        Assert.AreEqual(bestStep, best.Training!.ModelStep);
        Assert.AreEqual(losses[bestStep], best.Training.ValidationLoss);
        Assert.AreEqual(Weights.Digest(stopped), Weights.Digest(best));
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Names), typeof(EveryDevice))]
    public void Fit_Patience_EndsTrainingThatManyValidationsAfterTheBest(string device)
    {
        var losses = new Dictionary<int, double>();
        var training =
            Diverging with
            {
                NumberOfSteps = 1000,
                Validation = new ValidationOptions { EverySteps = 1, Patience = 3 },
                Progress = new Direct<TrainingProgress>(report => losses[report.Step] = report.ValidationLoss!.Value),
            };

        using var model = Fit(TinyModel.On(device) with { Training = training });

        Assert.AreEqual(TrainingEnd.EarlyStopping, model.Training!.End);
        Assert.AreEqual(losses.MinBy(entry => entry.Value).Key + 3, model.Training.Steps);
        Assert.AreEqual(losses[model.Training.Steps], model.Training.ValidationLoss, "without KeepBest the last weights are the model's");
    }

    [TestMethod]
    public void Fit_ValidationImagesOfAnotherSize_SaysSo()
    {
        var mlContext = new MLContext(seed: 3);
        var trainer = mlContext.Transforms.DiffusionTrainer("Generated", "Image", TinyModel.Options);
        var wide = mlContext.Data.LoadFromEnumerable(new[] { new WideRow { Image = Pictures.Bars(0, width: 12) } });

        Messages.Expect<InvalidOperationException>(
            "Row 0: image is 12x8, expected 8x8 as in the training data. Add ResizeImages before the trainer.",
            () => trainer.Fit(Pictures.Rows(mlContext), wide));
    }

    [TestMethod]
    public void Fit_ValidationClassesInAnotherOrder_SaysSo()
    {
        var mlContext = new MLContext(seed: 3);
        var trainer = mlContext.Transforms.DiffusionTrainer("Generated", "Image", TinyModel.Labelled);

        Messages.Expect<ArgumentException>(
            "The classes of column 'Label' are [even] in the validation data, expected [even, odd] as in the training data. Make the keys of both with one fitted MapValueToKey. (Parameter 'validationData')",
            () => trainer.Fit(Pictures.Rows(mlContext), Pictures.Rows(mlContext, count: 1)));
    }

    [TestMethod]
    [DataRow(0, 1, 1, "Validation.EverySteps must be at least 1; leave it null for once an epoch. (Parameter 'Validation.EverySteps')\nActual value was 0.")]
    [DataRow(1, 0, 1, "Validation.DrawsPerImage must be from 1 to 1000, because each is a call of the network for every image. (Parameter 'Validation.DrawsPerImage')\nActual value was 0.")]
    [DataRow(1, 1, 0, "Validation.Patience must be at least 1; leave it null to never end training early. (Parameter 'Validation.Patience')\nActual value was 0.")]
    public void Trainer_ImpossibleOption_SaysWhatItMustBe(
        int everySteps,
        int draws,
        int patience,
        string message) => Messages.Expect<ArgumentOutOfRangeException>(message, () =>
        TinyModel.Train(
            TinyModel.Options with
            {
                Training = new TrainingOptions
                {
                    Validation = new ValidationOptions
                    {
                        EverySteps = everySteps,
                        DrawsPerImage = draws,
                        Patience = patience,
                    }
                }
            }));

    // The loss falls and then rises: the rate is far too high.
    private static TrainingOptions Diverging =>
        new()
        {
            NumberOfSteps = 14,
            BatchSize = 8,
            LearningRate = 0.05,
            LearningRateSchedule = LearningRateSchedule.Constant,
            WarmupSteps = 0,
            EmaDecay = 0,
            ReportEverySteps = 1,
        };

    private static DiffusionTransformer Fit(DiffusionOptions options)
    {
        var mlContext = new MLContext(seed: 3);
        return mlContext.Transforms.DiffusionTrainer("Generated", "Image", options)
            .Fit(Pictures.Rows(mlContext), Pictures.Rows(mlContext, 6));
    }

    private static double Correlation(int[] values)
    {
        var (meanX, meanY) = ((values.Length - 1) / 2.0, values.Average());
        var covariance = values.Select((y, x) => (x - meanX) * (y - meanY)).Sum();
        return covariance / Math.Sqrt(
            values.Select((_, x) => (x - meanX) * (x - meanX)).Sum() * values.Sum(y => (y - meanY) * (y - meanY)));
    }

    private sealed class WideRow
    {
        [Microsoft.ML.Transforms.Image.ImageType(Pictures.Side, 12)]
        public Microsoft.ML.Data.MLImage? Image { get; set; }
    }
}
