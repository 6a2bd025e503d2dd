using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.Diffusion.Tests.Contracts;

/// <summary>What a person reads of the library's objects, and the shortest ways to make them.</summary>
[TestClass]
public sealed class ReadableTests
{
    [TestMethod]
    public void Describe_Model_SaysAllThatItIs()
    {
        using var model = new MLContext(seed: 1).Model.Load(Garments.ModelPath, out _).GetDiffusion();

        var summary = model.Describe();

        Assert.AreEqual(
            """
            Images      28x28, 1 channel
            Classes     10: Ankle boot, Bag, Coat, Dress, Pullover, Sandal, Shirt, Sneaker, T-shirt/top, Trouser
            Network     U-Net (32 x [2, 2] channels, 1 block a level, attention at [7], patches of 2)
            Parameters  969,572, 3.7 MiB
            Schedule    cosine (T = 1000)
            Prediction  VPrediction, fixed variance
            """.ReplaceLineEndings("\n"),
            string.Join('\n', summary.ToString().Split('\n').Take(6)));
        StringAssert.StartsWith(summary.ToString().Split('\n')[6], "Sampler     DDIM, 50 ");
        Assert.AreEqual(
            $"Training    {model.Training}\nDevice      {model.Device}",
            string.Join('\n', summary.ToString().Split('\n')[7..]));
        Assert.AreEqual((28, 969_572L, model.Schedule), (summary.ImageWidth, summary.NumberOfParameters, summary.Schedule));
    }

    [TestMethod]
    [DataRow("attention at [4, 8]", UNetMiddle.Attention, 4, 8)]
    [DataRow("attention in the middle alone", UNetMiddle.Attention)]
    [DataRow("no attention", UNetMiddle.Residual)]
    public void ToString_Network_SaysWhereItsAttentionIs(string attention, UNetMiddle middle, params int[] sides) => StringAssert.Contains(
        new UNetOptions { AttentionResolutions = sides, Details = new UNetDetails { Middle = middle } }.ToString(),
        $"2 blocks a level, {attention})");

    [TestMethod]
    public void ToString_GenerationOptions_SaysWhatIsChosen()
    {
        Assert.AreEqual($"{new DdimSampler()}", new GenerationOptions().ToString());
        Assert.AreEqual(
            $"{new DdpmSampler(20)}, guidance 1.5, seed 3, batches of 8",
            new GenerationOptions { Sampler = new DdpmSampler(20), GuidanceScale = 1.5, Seed = 3, BatchSize = 8 }.ToString());
        Assert.AreEqual(
            $"{new DdpmSampler(20)}, guidance 4 rescaled by 0.7 for sigma in (0.5, 10]",
            new GenerationOptions
            {
                Sampler = new DdpmSampler(20),
                GuidanceScale = 4,
                GuidanceRescale = 0.7,
                GuidanceSigmaMin = 0.5,
                GuidanceSigmaMax = 10,
            }.ToString());
    }

    [TestMethod]
    public void ToString_PublicClasses_IsNotTheNameOfTheType()
    {
        var silent = typeof(DiffusionTransformer).Assembly.GetExportedTypes()
            .Where(type =>
                type is { IsClass: true, IsAbstract: false }
                    && !type.Name.StartsWith('<')
                    && !typeof(Delegate).IsAssignableFrom(type)
                    && !typeof(Attribute).IsAssignableFrom(type)
                    && !typeof(Exception).IsAssignableFrom(type))
            .Where(type => type.GetMethod(nameof(ToString), Type.EmptyTypes)!.DeclaringType == typeof(object))
            .Select(type => type.Name);

        Assert.AreEqual("", string.Join(", ", silent));
    }

    [TestMethod]
    public void DiffusionTrainer_ImageSize_ResizesTheImages()
    {
        var mlContext = new MLContext(seed: 1);
        var rows =
            mlContext.Data.LoadFromEnumerable(
                Enumerable.Range(0, 4).Select(i => new LargeRow { Image = Pictures.Bars(i, width: 20, height: 16) }));

        var model = mlContext.Transforms.DiffusionTrainer("Generated", "Image", imageSize: 8, TinyModel.Options).Fit(rows);

        using var diffusion = model.LastTransformer;
        Assert.AreEqual((8, 8), (diffusion.ImageWidth, diffusion.ImageHeight));
        Assert.AreEqual(new ImageDataViewType(8, 8), model.Transform(rows).Schema["Generated"].Type);
    }

    [TestMethod]
    public void DiffusionTrainer_ImageSizeThatCannotBeHalved_SaysWhy() => Messages.Expect<ArgumentOutOfRangeException>(
        "Both sides of the images must be multiples of 2, because the network halves them at every level but the last. Add ResizeImages before the trainer, or use fewer ChannelMultipliers. (Parameter 'ChannelMultipliers')\nActual value was 9x9.",
        () => new MLContext().Transforms.DiffusionTrainer("Generated", "Image", 9, TinyModel.Options));

    [TestMethod]
    public void ToString_Estimator_NamesItsColumnsAndNetwork() => StringAssert.StartsWith(
        new MLContext().Transforms.DiffusionTrainer("Generated", "Image").ToString(), "Diffusion trainer from Image to Generated: U-Net (");

    private sealed class LargeRow
    {
        [ImageType(16, 20)]
        public MLImage? Image { get; set; }
    }
}
