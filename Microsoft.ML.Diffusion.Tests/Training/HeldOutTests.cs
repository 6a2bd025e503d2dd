using Microsoft.ML.Diffusion.Data.Training;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Training;

/// <summary>ValidationOptions.Share: Fit holds out a part of its images to judge by.</summary>
[TestClass]
public sealed class HeldOutTests
{
    [TestMethod]
    [DataRow(2, 0.01, 1)]
    [DataRow(2, 0.99, 1)]
    [DataRow(10, 0.1, 1)]
    [DataRow(200, 0.1, 20)]
    [DataRow(1001, 0.5, 500)]
    public void Rows_OfAShare_AreAsManyAndAlwaysTheSame(int count, double share, int expected)
    {
        var first = HeldOutRows.Of(count, share, seed: 7);

        Assert.AreEqual(expected, first.Count(isHeldOut => isHeldOut));
        CollectionAssert.AreEqual(first, HeldOutRows.Of(count, share, seed: 7));
    }

    [TestMethod]
    public void Rows_OfAnotherSeed_AreOthers() =>
        CollectionAssert.AreNotEqual(HeldOutRows.Of(200, 0.1, seed: 7), HeldOutRows.Of(200, 0.1, seed: 8));

    [TestMethod]
    public void Split_Parts_HaveEachImageAndItsLabelOnce()
    {
        using var pixels = new PixelStoreBuilder(1, 100, Path.GetTempPath());
        for (byte i = 0; i < 6; i++)
        {
            pixels.Append([(byte)(40 * i)]);
        }

        using var all = new TrainingSet(new ImageShape(1, 1, 1), pixels.ToStore(), [0, 1, 2, 3, 4, 5]);
        var (training, heldOut) = all.Split([false, true, false, false, true, false]);

        using (training)
        using (heldOut)
        {
            Assert.AreEqual((4, 2), (training.Count, heldOut.Count));
            CollectionAssert.AreEqual(new[] { 0, 2, 3, 5 }, training.Labels!.ToArray());
            CollectionAssert.AreEqual(new[] { 1, 4 }, heldOut.Labels!.ToArray());
            int[] indices = [1, 0];
            heldOut.Prefetch(indices);
            CollectionAssert.AreEqual(all.Batch([4, 1]), heldOut.Batch(indices));
            CollectionAssert.AreEqual(all.Batch([5, 0]), training.Batch([3, 0]));
            Assert.AreNotEqual(all.Digest(), training.Digest());
        }

        Assert.HasCount(1, all.Batch([5])); // whose images stay until it is disposed itself
    }

    [TestMethod]
    public void Fit_Share_IsFitOnOnePartJudgedByTheOther()
    {
        var options = TinyModel.Labelled with
        {
            Training = TinyModel.Options.Training with { NumberOfSteps = 5, Validation = new ValidationOptions { Share = 0.25, EverySteps = 2 } },
        };
        var mlContext = new MLContext(seed: 3);
        var isHeldOut = HeldOutRows.Of(8, 0.25, options.Seed!.Value);
        var rows = Pictures.Rows(mlContext);
        IDataView Part(bool held) => mlContext.Data.FilterByCustomPredicate<Pictures.PictureRow>(rows, row => isHeldOut[row.Number] != held);

        using var model = mlContext.Transforms.DiffusionTrainer("Generated", "Image", options).Fit(rows);
        using var apart =
            mlContext.Transforms.DiffusionTrainer("Generated", "Image", options with { Training = options.Training with { Validation = new() { EverySteps = 2 } } })
                .Fit(Part(held: false), Part(held: true));

        Assert.AreEqual(6, model.Training!.Images);
        Assert.AreSequenceEqual(isHeldOut, model.Training.HeldOutRows(8));
        Assert.AreSequenceEqual(new bool[6], apart.Training!.HeldOutRows(6));
        Assert.AreEqual(
            "numberOfRows must be at least 6, because the model learned from that many rows. Give the number of the rows that Fit was given. (Parameter 'numberOfRows')\nActual value was 5.",
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => model.Training.HeldOutRows(5)).Message);
        Assert.AreEqual(Weights.Digest(apart), Weights.Digest(model));
        Assert.AreEqual(apart.Training!.ValidationLoss, model.Training.ValidationLoss);
    }

    [TestMethod]
    public void Fit_ShareAndCheckpoints_GoesOnWithTheSameImages()
    {
        using var folder = new TemporaryFolder();
        DiffusionOptions Options(int steps, string? checkpoints) => TinyModel.Options with
        {
            Seed = null, // told by the checkpoint
            Training = TinyModel.Options.Training with
            {
                NumberOfSteps = steps,
                LearningRateSchedule = LearningRateSchedule.Constant,
                CheckpointDirectory = checkpoints,
                Validation = new ValidationOptions { Share = 0.3, EverySteps = 2 },
            },
        };

        using var half = TinyModel.Train(Options(3, folder.Path));
        using var resumed = TinyModel.Train(Options(6, folder.Path), new MLContext());
        using var whole = TinyModel.Train(Options(6, null) with { Seed = half.Training!.Seed });

        Assert.AreEqual(Weights.Digest(whole), Weights.Digest(resumed));
        Assert.AreEqual(whole.Training!.ValidationLoss, resumed.Training!.ValidationLoss);
    }

    [TestMethod]
    public void Fit_ShareThatCannotBe_SaysSo()
    {
        var mlContext = new MLContext(seed: 3);
        DiffusionEstimator Trainer(double share) => mlContext.Transforms.DiffusionTrainer("Generated", "Image", TinyModel.Options with
        {
            Training = TinyModel.Options.Training with { Validation = new ValidationOptions { Share = share } },
        });

        Messages.Expect<ArgumentOutOfRangeException>(
            "Validation.Share must be at least 0 and below 1, because it is the share of the images to judge by. (Parameter 'Validation.Share')\nActual value was 1.",
            () => Trainer(1));
        Messages.Expect<ArgumentOutOfRangeException>(
            "Validation.Share must be 0 where Fit is given validation data, because those are judged by. Set it to 0, or leave the data out. (Parameter 'Validation.Share')\nActual value was 0.5.",
            () => Trainer(0.5).Fit(Pictures.Rows(mlContext), Pictures.Rows(mlContext)));
        Messages.Expect<ArgumentOutOfRangeException>(
            "Validation.Share must be 0 for a single image, because one must be left to learn from. (Parameter 'Validation.Share')\nActual value was 0.5.",
            () => Trainer(0.5).Fit(Pictures.Rows(mlContext, count: 1)));
    }

    [TestMethod]
    public void Fit_FewImagesByHeart_Warns()
    {
        var mlContext = new MLContext(seed: 3);
        var warnings = new List<string>();
        mlContext.Log += (_, entry) =>
        {
            if (entry.RawMessage.StartsWith("The model is learning", StringComparison.Ordinal))
            {
                warnings.Add(OptionMessages.Format(entry.RawMessage, name => $"--{name.ToLowerInvariant()}"));
            }
        };
        var training = TinyModel.Options.Training with
        {
            NumberOfSteps = 700,
            LearningRate = 5e-3,
            LearningRateSchedule = LearningRateSchedule.Constant,
            EmaDecay = 0.9,
            ReportEverySteps = 20,
            Validation = new ValidationOptions { Share = 0.5, EverySteps = 20, DrawsPerImage = 20 },
        };
        var noise = new Random(1);
        var rows = mlContext.Data.LoadFromEnumerable(Enumerable.Range(0, 8).Select(i => new Pictures.PictureRow
        {
            Image = Pictures.Grey((_, _) => (byte)(noise.Next(2) * 255)),
        }).ToList());

        using var model = mlContext.Transforms.DiffusionTrainer("Generated", "Image", TinyModel.Options with { Training = training }).Fit(rows);

        Assert.HasCount(1, warnings, "four images of noise have nothing in common with four others");
        StringAssert.StartsWith(warnings[0], "The model is learning its 4 images by heart: at step ");
        StringAssert.Contains(warnings[0], "set --validation.keepbest, which", "options as a program calls them");
    }
}
