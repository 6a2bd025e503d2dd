using System.Text;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samplers;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Diffusion.Tests.Persistence;

/// <summary>What models of earlier formats and of other random numbers generate now, and what is said of it.</summary>
[TestClass]
public sealed class ModelStreamsTests
{
    // Written by earlier versions of the library, kept for ever. Pixels may differ by one level of 255: other processors add in another order.
    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    public void Load_FormatBeforeStreams_DrawsOutOfTheNoiseOfThatTimeWhatItDrewThen(int format)
    {
        using var model = new MLContext(seed: 1).Diffusion.LoadModel(SavedModel.ChainOf(format), out var schema).GetDiffusion();

        AssertDrew(format, DrawBeforeStreams(model, [0, 1, 0, 1]));
        Assert.IsNotNull(schema!.GetColumnOrNull("Number"));
    }

    [TestMethod]
    public void Load_Format3_DrawsWhatItsSeedDrewThen()
    {
        using var model = new MLContext(seed: 1).Diffusion.LoadModel(SavedModel.ChainOf(3), out var schema).GetDiffusion();

        AssertDrew(3, model.Generate([0, 1, 0, 1]));
        Assert.IsNotNull(schema!.GetColumnOrNull("Number"));
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    public void Load_FormatBeforeStreams_SaysThatItsSeedsDrawOthers(int format)
    {
        CollectionAssert.AreEqual(
            new[] { "The model was saved by an earlier version of Microsoft.ML.Diffusion, which drew its random numbers in another way: a seed generates other images now than then. Nothing else has changed; save the model again to be rid of this line." },
            WarningsOfLoading(File.ReadAllBytes(SavedModel.ChainOf(format))));
        Assert.IsNull(new MLContext().Diffusion.InspectModel(SavedModel.ChainOf(format)).StreamsVersion);
    }

    [TestMethod]
    public void Load_Format3_SaysNothing()
    {
        Assert.IsEmpty(WarningsOfLoading(File.ReadAllBytes(SavedModel.ChainOf(3))));
        Assert.AreEqual(RandomStreams.Version, new MLContext().Diffusion.InspectModel(SavedModel.ChainOf(3)).StreamsVersion);
    }

    [TestMethod]
    public void Load_LaterStreams_SaysThatItsSeedsDrawOthers() => CollectionAssert.AreEqual(
        new[] { "The model was saved with version 2 of the random numbers, but this Microsoft.ML.Diffusion has version 1: a seed generates other images here than there. Update the package to generate those." },
        WarningsOfLoading(WithConfig(SavedModel.ChainOf(3), "\"streams_version\": 1", "\"streams_version\": 2")));

    [TestMethod]
    [DataRow(3, "\"streams_version\": 1", "\"streams_version\": 0")]
    [DataRow(3, "\"streams_version\": 1", "\"streams\": 1")]
    [DataRow(2, "\"format_version\": 2", "\"streams_version\": 1, \"format_version\": 2")]
    public void Load_StreamsThatTheFormatDoesNotHave_AreRefused(int format, string part, string replacement)
    {
        using var stream = new MemoryStream(WithConfig(SavedModel.ChainOf(format), part, replacement));

        var error = Assert.Throws<Exception>(() => new MLContext().Model.Load(stream, out _));

        StringAssert.Contains(error.ToString(), "streams_version must be 1 or more from format_version 3 on, and was not there before.");
    }

    // Its own sampler, guidance and seed, on the noise that a format had: what the weights and all that is read beside them make of it.
    private static MLImage[] DrawBeforeStreams(DiffusionTransformer model, int[] labels)
    {
        var (generation, description) = (model.Generation, model.Model.Description);
        using var noise = new NoiseBeforeStreams(generation.Seed!.Value, Enumerable.Range(0, labels.Length).Select(i => (long)i));
        var start = noise.Next(labels.Length, description.Shape.PixelCount);
        var images = generation.Sampler.Sample(
            model.Model.Denoiser(labels, generation.Guidance, generation.Sampler.Clipping),
            start,
            SamplingStep.Reverse(generation.Sampler.Timesteps, model.Schedule),
            noise);
        return PixelBatches.ToImages(images, description.Shape);
    }

    private static void AssertDrew(int format, MLImage[] images)
    {
        using var drawn = ImageGrid.Create(images, columns: 4);
        using var expected = MLImage.CreateFromFile(SavedModel.PicturesOf(format));
        Array.ForEach(images, image => image.Dispose());
        Assert.AreEqual((expected.Width, expected.Height), (drawn.Width, drawn.Height));
        var (first, second) = (drawn.Pixels.ToArray(), PixelsInOrder(expected, drawn));
        Assert.IsLessThanOrEqualTo(1, first.Zip(second, (a, b) => Math.Abs(a - b)).Max());
    }

    private static string[] WarningsOfLoading(byte[] zip)
    {
        var mlContext = new MLContext();
        List<string> warnings = [];
        mlContext.Log += (_, e) =>
        {
            if (e.Kind == ChannelMessageKind.Warning)
            {
                warnings.Add(e.RawMessage);
            }
        };
        using var stream = new MemoryStream(zip);
        mlContext.Model.Load(stream, out _).GetDiffusion().Dispose();
        return [.. warnings];
    }

    private static byte[] WithConfig(string path, string part, string replacement) => SavedModel.With(File.ReadAllBytes(path), "config.json", json =>
    {
        var text = Encoding.UTF8.GetString(json);
        StringAssert.Contains(text, part);
        return Encoding.UTF8.GetBytes(text.Replace(part, replacement, StringComparison.Ordinal));
    });

    // A picture from a file may have its colours in another order.
    private static byte[] PixelsInOrder(MLImage image, MLImage like)
    {
        var pixels = image.Pixels.ToArray();
        if (image.PixelFormat != like.PixelFormat)
        {
            for (var i = 0; i < pixels.Length; i += 4)
            {
                (pixels[i], pixels[i + 2]) = (pixels[i + 2], pixels[i]);
            }
        }

        return pixels;
    }
}
