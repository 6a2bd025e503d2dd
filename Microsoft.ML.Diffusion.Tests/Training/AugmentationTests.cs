using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Training;

namespace Microsoft.ML.Diffusion.Tests.Training;

/// <summary>What augmentation does to images, and what it says of it.</summary>
[TestClass]
public sealed class AugmentationTests
{
    private const int Images = 400;

    private static readonly ImageShape _shape = new(2, 8, 8);
    private static readonly AugmentationOptions _none = new() { Flips = false, QuarterTurns = false, MaximumShift = 0, MaximumScale = 1, MaximumRotation = 0 };

    [TestMethod]
    public void Augment_WithoutOptions_DoesAndSaysNothing()
    {
        var (images, told) = Augment(null, _shape);

        CollectionAssert.AreEqual(Originals(_shape), images);
        Assert.IsNull(told);
    }

    [TestMethod]
    public void Augment_AnyKind_SaysZerosWhereNothingIsDone()
    {
        var (images, told) = Augment(new AugmentationOptions { Probability = 0.15 }, _shape);
        var (originals, changed) = (Originals(_shape), 0);

        for (var i = 0; i < Images; i++)
        {
            var isChanged = !Image(images, i, _shape).SequenceEqual(Image(originals, i, _shape));
            Assert.AreEqual(isChanged, Told(told, i).Any(number => number != 0), $"image {i}");
            Assert.IsTrue(Told(told, i).All(number => Math.Abs(number) <= 2), $"image {i}");
            changed += isChanged ? 1 : 0;
        }

        Assert.AreEqual(0.62 * Images, changed, 40);
    }

    // What each number stands for, by an image made pixel by pixel.
    [TestMethod]
    public void Augment_FlipsTurnsAndShifts_MovesWholePixelsAsItSays()
    {
        var options = _none with { Probability = 0.5, Flips = true, QuarterTurns = true, MaximumShift = 0.25 };
        var ((images, told), originals) = (Augment(options, _shape), Originals(_shape));
        var orientations = new HashSet<int>();
        for (var i = 0; i < Images; i++)
        {
            var numbers = Told(told, i);
            var orientation = Array.IndexOf(numbers[..7], 1f) + 1; // quarter turns, and from 4 on mirrored before
            var (shiftX, shiftY) = ((int)Math.Round(2 * numbers[7]), (int)Math.Round(2 * numbers[8]));
            Assert.AreEqual(orientation == 0 ? 0 : 1, numbers[..7].Sum());
            orientations.Add(orientation);
            var original = Image(originals, i, _shape);
            var expected = new float[_shape.PixelCount];
            for (var pixel = 0; pixel < 64; pixel++)
            {
                // In half pixels from the middle: moved back, turned back, mirrored back.
                var (x, y) = ((2 * ((pixel % 8) - shiftX)) - 7, (2 * ((pixel / 8) - shiftY)) - 7);
                for (var turn = 0; turn < orientation % 4; turn++)
                {
                    (x, y) = (y, -x);
                }

                x = orientation < 4 ? x : -x;
                var from = (8 * Math.Clamp((y + 7) / 2, 0, 7)) + Math.Clamp((x + 7) / 2, 0, 7);
                (expected[pixel], expected[64 + pixel]) = (original[from], original[64 + from]);
            }

            CollectionAssert.AreEqual(expected, Image(images, i, _shape), $"image {i}: {string.Join(", ", numbers)}");
        }

        Assert.HasCount(8, orientations);
    }

    [TestMethod]
    public void Augment_ScaleAndRotation_MoveABrightSpotAsTheySay()
    {
        var shape = new ImageShape(1, 33, 33);
        var options = _none with { Probability = 0.7, MaximumScale = 1.5, MaximumRotation = 180 };
        var (images, told) = Augment(options, shape, Spot(shape, 5, 0));
        for (var i = 0; i < Images; i++)
        {
            var numbers = Told(told, i);
            var factor = Math.Pow(1.5, numbers[9]);
            var (x, y) = Centre(Image(images, i, shape), shape);
            Assert.AreEqual(5 * factor * (numbers[10] + 1), x, 0.15, $"image {i}: {string.Join(", ", numbers)}");
            Assert.AreEqual(5 * factor * numbers[11], y, 0.15, $"image {i}: {string.Join(", ", numbers)}");
        }
    }

    [TestMethod]
    public void Augment_ImagesThatAreNotSquare_TurnsNone()
    {
        var shape = new ImageShape(1, 6, 8);

        var (images, told) = Augment(_none with { Probability = 1, QuarterTurns = true }, shape);

        CollectionAssert.AreEqual(Originals(shape), images);
        Assert.IsTrue(told!.All(number => number == 0));
    }

    [TestMethod]
    public void Augment_AnImage_DependsOnItsOwnNumberAlone()
    {
        var options = new TrainingOptions { Augmentation = new AugmentationOptions { Probability = 0.5 } };
        var all = Originals(_shape);
        var told = new StepDraws(seed: 5, firstSample: 40, 1000, options).Augment(all, _shape)!;
        var one = Image(Originals(_shape), 7, _shape);

        var toldOfOne = new StepDraws(seed: 5, firstSample: 47, 1000, options).Augment(one, _shape)!;

        CollectionAssert.AreEqual(Image(all, 7, _shape), one);
        CollectionAssert.AreEqual(Told(told, 7), toldOfOne);
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1.01)]
    public void Validate_ProbabilityOutOfRange_SaysWhatToDo(double probability)
    {
        var options = new TrainingOptions { Augmentation = new AugmentationOptions { Probability = probability } };

        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(options.Validate);

        StringAssert.StartsWith(
            error.Message,
            "Augmentation.Probability must be above 0 and at most 1, because it is a probability; leave Augmentation null for none.");
    }

    private static (float[] Images, float[]? Told) Augment(AugmentationOptions? options, ImageShape shape, float[]? images = null)
    {
        images ??= Originals(shape);
        var draws = new StepDraws(seed: 5, firstSample: 40, 1000, new TrainingOptions { Augmentation = options });
        var told = draws.Augment(images, shape);
        return (images, told);
    }

    // No two pixels of an image are alike.
    private static float[] Originals(ImageShape shape) =>
        [.. Enumerable.Range(0, Images * shape.PixelCount).Select(i => (float)((i * 37) % 1009) / 1009)];

    private static float[] Image(float[] images, int image, ImageShape shape) =>
        images[(image * shape.PixelCount)..((image + 1) * shape.PixelCount)];

    private static float[] Told(float[]? told, int image) => told![(image * Augmentation.Length)..((image + 1) * Augmentation.Length)];

    // A round spot as far from the middle as said.
    private static float[] Spot(ImageShape shape, double x, double y)
    {
        var middle = (shape.Width - 1) / 2.0;
        return [.. Enumerable.Range(0, Images * shape.PixelCount).Select(i =>
        {
            var (dx, dy) = ((i % shape.Width) - middle - x, (i % shape.PixelCount / shape.Width) - middle - y);
            return (float)Math.Exp(-((dx * dx) + (dy * dy)) / 3);
        })];
    }

    private static (double X, double Y) Centre(float[] image, ImageShape shape)
    {
        var (sum, x, y) = (0.0, 0.0, 0.0);
        for (var i = 0; i < image.Length; i++)
        {
            sum += image[i];
            x += image[i] * ((i % shape.Width) - ((shape.Width - 1) / 2.0));
            y += image[i] * ((i / shape.Width) - ((shape.Height - 1) / 2.0));
        }

        return (x / sum, y / sum);
    }
}
