using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Contracts;

[TestClass]
public sealed class EditMessageTests
{
    private static DiffusionTransformer _model = null!;
    private static MLImage _image = null!;
    private static MLImage _narrow = null!;

    [ClassInitialize]
    public static void Train(TestContext context) =>
        (_model, _image, _narrow) = (TinyModel.Train(TinyModel.Labelled), Pictures.Bars(0), Pictures.Bars(0, width: 4));

    [ClassCleanup]
    public static void Free()
    {
        _model.Dispose();
        _image.Dispose();
        _narrow.Dispose();
    }

    [TestMethod]
    public void Images_NoneOrOfAnotherSize_SaysWhich()
    {
        const string None = "images must hold at least one image. (Parameter 'images')";
        const string Size = "images[1] is 4x8, but the model's images are 8x8. Resize it first. (Parameter 'images')";

        Action<MLImage[]>[] members =
        [
            images => _model.Encode(images),
            images => _model.AddNoise(images, 0),
            images => _model.ReconstructionError(images),
            images => _model.ImageToImage(images, 0.5),
            images => _model.Inpaint(images, [_image]),
        ];
        foreach (var member in members)
        {
            Messages.Expect<ArgumentException>(None, () => member([]));
            Messages.Expect<ArgumentException>(Size, () => member([_image, _narrow]));
            Assert.ThrowsExactly<ArgumentNullException>(() => member(null!));
            Assert.ThrowsExactly<ArgumentNullException>(() => member([_image, null!]));
        }
    }

    [TestMethod]
    public void Labels_TooFewOrUnknown_SaysWhy()
    {
        const string Count = "labels must hold one class for each image, but there are 2 classes and 1 images. (Parameter 'labels')";
        const string Unknown =
            "labels must be from 0 to 1, or -1 for none, because the model knows 2 classes. (Parameter 'labels')\nActual value was 2.";
        var latents = _model.Encode([_image]);

        Action<int[]>[] members =
        [
            labels => _model.Encode([_image], null, labels),
            labels => _model.Decode(latents, null, labels),
            labels => _model.ReconstructionError([_image], null, labels),
            labels => _model.ImageToImage([_image], 0.5, null, labels),
            labels => _model.Inpaint([_image], [_image], 1, null, labels),
        ];
        foreach (var member in members)
        {
            Messages.Expect<ArgumentException>(Count, () => member([0, 1]));
            Messages.Expect<ArgumentOutOfRangeException>(Unknown, () => member([2]));
        }
    }

    [TestMethod]
    public void Encode_SamplerThatCannotBeWalkedUpward_SaysWhy()
    {
        const string Message =
            "Sampler must be DdimSampler with eta 0 to encode, because its steps alone can be walked upward. (Parameter 'Sampler')\nActual value was DDPM, 9 trailing steps, FixedSmall variance, x_0 clipped to [-1, 1].";
        var options = new GenerationOptions { Sampler = new DdpmSampler(9) };

        Messages.Expect<ArgumentOutOfRangeException>(Message, () => _model.Encode([_image], options));
        Messages.Expect<ArgumentOutOfRangeException>(Message, () => _model.ReconstructionError([_image], options));
    }

    [TestMethod]
    [DataRow(0.0)]
    [DataRow(1.01)]
    [DataRow(double.NaN)]
    public void ImageToImage_StrengthOutsideItsRange_SaysWhy(double strength) => Messages.Expect<ArgumentOutOfRangeException>(
        $"strength must be in (0, 1], because it is the share of the timesteps that images are noised over. (Parameter 'strength')\nActual value was {strength.ToString(System.Globalization.CultureInfo.InvariantCulture)}.",
        () => _model.ImageToImage([_image], strength));

    [TestMethod]
    [DataRow(-1)]
    [DataRow(1000)]
    public void AddNoise_TimestepOutsideItsRange_SaysWhy(int timestep) => Messages.Expect<ArgumentOutOfRangeException>(
        $"timestep must be from 0 to 999, because the model was trained on those. (Parameter 'timestep')\nActual value was {timestep}.",
        () => _model.AddNoise([_image], timestep));

    [TestMethod]
    public void Inpaint_Masks_SaysWhatIsWrong()
    {
        Messages.Expect<ArgumentException>("masks must hold at least one image. (Parameter 'masks')", () => _model.Inpaint([_image], []));
        Messages.Expect<ArgumentException>(
            "masks must hold one mask for each image or one for all, but there are 2 masks and 1 images. (Parameter 'masks')",
            () => _model.Inpaint([_image], [_image, _image]));
        Messages.Expect<ArgumentException>(
            "masks[0] is 4x8, but the model's images are 8x8. Resize it first. (Parameter 'masks')",
            () => _model.Inpaint([_image], [_narrow]));
        Messages.Expect<ArgumentOutOfRangeException>(
            "resamplings must be at least 1, because it is how often each step is taken. (Parameter 'resamplings')\nActual value was 0.",
            () => _model.Inpaint([_image], [_image], 0));
        foreach (var jumpLength in (int[])[0, 4])
        {
            Messages.Expect<ArgumentOutOfRangeException>(
                $"jumpLength must be at least 1 and below the number of steps, 4, because a jump goes back over that many steps, and the last is never taken back. (Parameter 'jumpLength')\nActual value was {jumpLength}.",
                () => _model.Inpaint([_image], [_image], 2, jumpLength: jumpLength));
        }
    }

    [TestMethod]
    public void Decode_LatentsOfAnotherModel_SaysWhy()
    {
        Messages.Expect<ArgumentException>(
            "latents are of images of 2x3, 1 channel, but the model's images are 8x8, 1 channel. (Parameter 'latents')",
            () => _model.Decode(new DiffusionLatents(new float[6], 1, 3, 2, 0)));
        Messages.Expect<ArgumentOutOfRangeException>(
            "The timestep of latents must be from 0 to 999, because the model was trained on those. (Parameter 'latents')\nActual value was 1000.",
            () => _model.Decode(new DiffusionLatents(new float[64], 1, 8, 8, 1000)));
    }

    [TestMethod]
    public void DiffusionLatents_ImpossibleValues_SaysWhy()
    {
        Messages.Expect<ArgumentException>(
            "values must hold one or more images of 6 values each (2x3, 1 channel), but there are 7 values. (Parameter 'values')",
            () => _ = new DiffusionLatents(new float[7], 1, 3, 2, 0));
        Messages.Expect<ArgumentException>(
            "values must hold one or more images of 6 values each (2x3, 1 channel), but there are 0 values. (Parameter 'values')",
            () => _ = new DiffusionLatents([], 1, 3, 2, 0));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new DiffusionLatents(new float[6], 0, 3, 2, 0));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new DiffusionLatents(new float[6], 1, 3, 2, -1));
        Messages.Expect<ArgumentOutOfRangeException>(
            "index must be from 0 to 0, because there are 1 images. (Parameter 'index')\nActual value was 1.",
            () => _ = new DiffusionLatents(new float[6], 1, 3, 2, 0)[1]);
    }
}
