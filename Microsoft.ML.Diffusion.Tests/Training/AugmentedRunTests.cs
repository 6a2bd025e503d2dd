using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.Diffusion.Tests.Training;

/// <summary>Trainings with augmentation: what they leave in a model, and what they do not.</summary>
[TestClass]
public sealed class AugmentedRunTests
{
    private const int Generated = 64;

    private static readonly AugmentationOptions _turned =
        new() { Probability = 0.5, MaximumShift = 0, MaximumScale = 1, MaximumRotation = 0 };

    // The judge knows what it looks for: of images that are mirrored without telling the network, half show it.
    [TestMethod]
    [TestCategory(TestCategories.Integration)]
    public void Generate_AfterFlipsAndTurns_ShowsNone()
    {
        var told = BrightCorners(GeneratedAfter(Training with { Augmentation = _turned }));
        var untold = BrightCorners(GeneratedAfter(Training with { FlipHorizontally = true }));

        Assert.AreEqual(Generated, told[0], $"bright at {string.Join(", ", told)}: all at the top left, as all that was learned");
        Assert.AreEqual(Generated / 2, untold[1], 20, $"bright at {string.Join(", ", untold)}");
    }

    // One pixel by hand is more than the judge lets pass. Were they not told, three of four images would be moved, scaled or rotated.
    [TestMethod]
    [TestCategory(TestCategories.Integration)]
    public void Generate_AfterShiftsScalesAndRotations_ShowsNone()
    {
        const int Limit = 4;
        var moved =
            new AugmentationOptions { Probability = 0.5, Flips = false, QuarterTurns = false, MaximumShift = 0.25, MaximumScale = 1.5, MaximumRotation = 45 };
        using var shifted = Pictures.Grey((x, y) => Level(x - 1, y, number: 8));
        Assert.IsGreaterThan(Limit, Misplaced(shifted));

        var misplaced = GeneratedAfter(Training with { Augmentation = moved }).ConvertAll(Misplaced);

        Assert.IsGreaterThanOrEqualTo(Generated * 3 / 4, misplaced.Count(pixels => pixels <= Limit), string.Join(", ", misplaced));
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Processors), typeof(EveryDevice))]
    public void Fit_WithAugmentation_LeavesAModelWithout(string device)
    {
        using var augmented = TinyModel.Train(Augmented(device));
        using var plain = TinyModel.Train(TinyModel.On(device));
        using var share = augmented.Model.Use();

        CollectionAssert.AreEqual(
            plain.Model.Weights().Plan.Weights.ToArray(),
            augmented.Model.Weights().Plan.Weights.ToArray());
        Assert.AreEqual(augmented.Model.Description.CreatePlan().ToString(), share.Value.Plan.ToString(), "the network itself");
        Assert.AreNotEqual(Weights.Digest(plain), Weights.Digest(augmented), "other images were seen");
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Processors), typeof(EveryDevice))]
    public void Fit_WithAugmentation_StartsFromTheSameWeights(string device)
    {
        static DiffusionOptions AtRest(DiffusionOptions options) =>
            options with { Training = options.Training with { LearningRate = 1e-30, NumberOfSteps = 2 } };
        using var plain = TinyModel.Train(AtRest(TinyModel.On(device)));
        using var augmented = TinyModel.Train(AtRest(Augmented(device)));
        AreClose(plain, augmented, 1e-20);

        var mlContext = new MLContext(seed: 3);
        using var other = TinyModel.Train(TinyModel.On(device));
        using var tuned =
            mlContext.Transforms.DiffusionTrainer("Generated", "Image", AtRest(Augmented(device))).Fit(Pictures.Rows(mlContext), other);
        AreClose(other, tuned, 1e-20);
    }

    [TestMethod]
    public void Fit_SampleGridMeanwhile_GeneratesAsTheModelAtTheEnd()
    {
        var shown = "";
        var options = Augmented("cpu");
        options = options with
        {
            Training = options.Training with
            {
                SampleGrid = new SampleGridOptions { EverySteps = 10, NumberOfImages = 1, Show = (_, grid) => shown = Convert.ToHexString(grid.Pixels) },
            },
        };

        using var model = TinyModel.Train(options);
        using var image = model.Generate(1)[0];
        using var grid = ImageGrid.Create([image], 1);

        Assert.AreEqual(Convert.ToHexString(grid.Pixels), shown);
    }

    // With a learned variance and a part of the batch at a time, as other runs do.
    [TestMethod]
    [DynamicData(nameof(EveryDevice.Processors), typeof(EveryDevice))]
    public void Fit_WithAugmentationInParts_LearnsTheSameUpToRounding(string device)
    {
        var options = Augmented(device) with { Variance = ModelVariance.LearnedRange };
        using var whole = TinyModel.Train(options);
        using var parts = TinyModel.Train(options with { Training = options.Training with { GradientAccumulationSteps = 3 } });

        AreClose(whole, parts, 1e-3);
    }

    private static void AreClose(DiffusionTransformer expected, DiffusionTransformer actual, double tolerance)
    {
        var weights = actual.Model.Weights();
        foreach (var (i, value) in expected.Model.Weights().All.ToArray().Index())
        {
            Assert.AreEqual(value, weights.All[i], tolerance, $"weight {i}");
        }
    }

    private static TrainingOptions Training => new() { NumberOfSteps = 500, BatchSize = 32, LearningRate = 4e-3, WarmupSteps = 20, EmaDecay = 0.98 };

    private static DiffusionOptions Augmented(string device) => TinyModel.On(device) with
    {
        Training = TinyModel.Options.Training with { Augmentation = new AugmentationOptions { Probability = 0.5 } },
    };

    // Of the pictures that are learned: bright at their top left.
    private static byte Level(int x, int y, int number) => (byte)(x is >= 0 and < 4 && y < 4 ? 180 + (5 * number) : 20 + (4 * (number % 4)));

    private static List<MLImage> GeneratedAfter(TrainingOptions training)
    {
        var mlContext = new MLContext(seed: 3);
        var rows =
            mlContext.Data.LoadFromEnumerable(
                Enumerable.Range(0, 16).Select(i => new Row { Image = Pictures.Grey((x, y) => Level(x, y, i)) }));
        var options = TinyModel.Options with { Training = training };
        using var model = mlContext.Transforms.DiffusionTrainer("Generated", "Image", options).Fit(rows);
        return [.. model.Generate(Generated, model.Generation with { Sampler = new DdimSampler(20) })];
    }

    /// <summary>Counts where images are bright: top left, top right, bottom left, bottom right.</summary>
    private static int[] BrightCorners(List<MLImage> images)
    {
        var counts = new int[4];
        foreach (var image in images)
        {
            var levels = image.Pixels.ToArray();
            double Mean(int left, int top) =>
                Enumerable.Range(0, 16).Average(i => (double)levels[4 * ((8 * (top + (i / 4))) + left + (i % 4))]);
            double[] corners = [Mean(0, 0), Mean(4, 0), Mean(0, 4), Mean(4, 4)];
            counts[Array.IndexOf(corners, corners.Max())]++;
            image.Dispose();
        }

        return counts;
    }

    /// <summary>The pixels, of 64, that are bright where the pictures that are learned are dark, or the other way around.</summary>
    private static int Misplaced(MLImage image)
    {
        const byte Middle = 105;
        var levels = image.Pixels.ToArray();
        return Enumerable.Range(0, 64).Count(i => (levels[4 * i] > Middle) != (Level(i % 8, i / 8, number: 8) > Middle));
    }

    private sealed class Row
    {
        [ImageType(Pictures.Side, Pictures.Side)]
        public MLImage? Image { get; set; }
    }
}
