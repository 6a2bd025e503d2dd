using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Samples;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Tool;

/// <summary>What 'diffusion serve' gives its page: the library's images, to the byte.</summary>
[TestClass]
[TestCategory(TestCategories.Integration)]
public sealed class PlaygroundTests
{
    private static readonly DiffusionTransformer _model = new MLContext().Diffusion.LoadDiffusionModel(Garments.ModelPath);

    private static PlaygroundProcess _playground = null!;

    [ClassInitialize]
    public static async Task Start(TestContext context) => _playground = await PlaygroundProcess.StartAsync(Garments.ModelPath, Garments.ModelPath);

    [ClassCleanup]
    public static void Stop()
    {
        _playground.Dispose();
        _model.Dispose();
    }

    [TestMethod]
    public async Task About_TellsWhatThereIs()
    {
        var about = JsonNode.Parse(await _playground.Client.GetStringAsync("/api/about"))!;

        var model = about["models"]![1]!;
        CollectionAssert.AreEqual(_model.ClassNames.ToArray(), model["classes"]!.AsArray().Select(name => (string)name!).ToArray());
        Assert.AreEqual(("garments.zip", 28, 1, 1000), ((string)model["name"]!, (int)model["width"]!, (int)model["channels"]!, (int)model["timesteps"]!));
        Assert.AreEqual(("ddim", 50), ((string)model["sampler"]!, (int)model["steps"]!));
        Assert.IsTrue(new[] { "generate", "compare", "walk" }.All(about["parts"]!.AsObject().ContainsKey));
        Assert.HasCount(7, about["samplers"]!.AsArray());
    }

    [TestMethod]
    public async Task Generate_Images_AreTheLibrarys()
    {
        var options = _model.Generation with { Sampler = new DdimSampler(5, eta: 0.5), Seed = long.MaxValue, GuidanceScale = 2 };

        var events = await _playground.EventsAsync("/api/generate", new { @class = 3, seed = $"{long.MaxValue}", sampler = "ddim", steps = 5, eta = 0.5, guidance = 2, count = 3 });

        AssertSame(_model.Generate([3, 3, 3], options), events[^1].Data["images"]!);
        Assert.AreEqual(("done", 5), (events[^1].Name, (int)events[^1].Data["calls"]!));
    }

    [TestMethod]
    public async Task Generate_Frames_AreWhatTheObserverSees()
    {
        List<(int Step, double AlphaBar, MLImage[] X, MLImage[] X0)> seen = [];
        var options = new GenerationOptions
        {
            Sampler = new HeunSampler(4),
            Seed = 9,
            Observer = snapshot => seen.Add((snapshot.Step, snapshot.AlphaBar, snapshot.GetSampleImages(), snapshot.GetPredictedOriginalImages())),
        };

        var events = await _playground.EventsAsync("/api/generate", new { seed = 9, sampler = "heun", steps = 4, count = 2 });

        Array.ForEach(_model.Generate(2, options), image => image.Dispose());
        var frames = events.Where(told => told.Name == "frame").Select(told => told.Data).ToList();
        Assert.HasCount(4, frames);
        foreach (var (frame, expected) in frames.Zip(seen))
        {
            Assert.AreEqual((expected.Step, expected.AlphaBar, 0), ((int)frame["step"]!, (double)frame["alphaBar"]!, (int)frame["first"]!));
            AssertSame(expected.X, frame["x"]!);
            AssertSame(expected.X0, frame["x0"]!);
        }
    }

    [TestMethod]
    public async Task Generate_ManySteps_KeepsSomeOfThem()
    {
        var events = await _playground.EventsAsync("/api/generate", new { seed = 1, sampler = "ddim", steps = 60 });

        var kept = events.Where(told => told.Name == "frame").Select(told => (int)told.Data["step"]!).ToList();
        Assert.HasCount(26, kept);
        Assert.AreEqual((0, 59), (kept[0], kept[^1]));
        CollectionAssert.AreEqual(kept, events.First(told => told.Name == "start").Data["kept"]!.AsArray().Select(step => (int)step!).ToList());
    }

    [TestMethod]
    [DataRow("ddim", 7)]
    [DataRow("ddpm", 7)]
    [DataRow("dpm-solver", 7)]
    [DataRow("sde-dpm-solver", 7)]
    [DataRow("unipc", 7)]
    [DataRow("heun", 7)]
    [DataRow("euler", 7)]
    public async Task Generate_EverySampler_IsTheLibrarysAndItsCallsAreCounted(string name, int steps)
    {
        var sampler = OptionNames.ToSampler(name, steps);
        var before = _model.Model.Calls.Count;

        var expected = _model.Generate([1], new GenerationOptions { Sampler = sampler, Seed = 4 });
        var calls = _model.Model.Calls.Count - before;
        var events = await _playground.EventsAsync("/api/generate", new { @class = 1, seed = 4, sampler = name, steps });
        var path = await _playground.PostAsync("/api/generate/path", new { sampler = name, steps });

        AssertSame(expected, events[^1].Data["images"]!);
        Assert.AreEqual(calls, (long)events[^1].Data["calls"]!);
        CollectionAssert.AreEqual(sampler.AlphaBars(_model.Schedule).ToArray(), path["alphaBars"]!.AsArray().Select(level => (double)level!).ToArray());
    }

    [TestMethod]
    public async Task Generate_Gif_IsAnAnimationOfTheImages()
    {
        using var answer = await _playground.Client.PostAsJsonAsync("/api/generate/gif", new { seed = 2, sampler = "ddim", steps = 6, count = 4 });
        using var frames = new ImageMagick.MagickImageCollection(await answer.Content.ReadAsByteArrayAsync());

        Assert.AreEqual("image/gif", answer.Content.Headers.ContentType?.ToString());
        Assert.HasCount(6, frames);
        Assert.AreEqual((uint)(((2 * 29) + 1) * 4), frames[0].Width, "two in a row, with lines between, enlarged to 240 pixels or as near as whole pixels come");
        Assert.AreEqual((10u, 250u), (frames[0].AnimationDelay, frames[5].AnimationDelay));
    }

    [TestMethod]
    public async Task Compare_Cells_AreTheLibrarysImages()
    {
        var events = await _playground.EventsAsync("/api/compare", new { models = new[] { 0, 1 }, @class = 8, seed = 5, guidance = 1.5, samplers = new[] { "ddim", "unipc" }, steps = new[] { 1, 3 } });

        var cells = events.Where(told => told.Name == "cell").Select(told => told.Data).ToList();
        CollectionAssert.AreEqual(
            new[] { "0 ddim 1", "0 ddim 3", "0 unipc 1", "0 unipc 3", "1 ddim 1", "1 ddim 3", "1 unipc 1", "1 unipc 3" },
            cells.Select(cell => $"{cell["model"]} {cell["sampler"]} {cell["steps"]}").ToArray());
        foreach (var cell in cells)
        {
            var steps = (int)cell["steps"]!;
            Sampler sampler = (string)cell["sampler"]! == "ddim" ? new DdimSampler(steps) : new UniPcSampler(steps);
            AssertSame(_model.Generate([8], new GenerationOptions { Sampler = sampler, Seed = 5, GuidanceScale = 1.5 }), new JsonArray(cell["image"]!.DeepClone()));
            Assert.AreEqual(steps, (int)cell["calls"]!);
            Assert.IsGreaterThan(0, (double)cell["seconds"]!);
        }
    }

    [TestMethod]
    public async Task Walk_CornersOfSeeds_AreTheirImages()
    {
        var corners = new object[] { new { seed = 1 }, new { seed = -2 }, new { seed = "3" }, new { seed = 4 } };

        var walk = await _playground.PostAsync("/api/walk", new { @class = 2, corner = corners, points = (double[][])[[0, 0], [1, 0], [0, 1], [1, 1]], steps = 4 });

        AssertSame(
            [.. new long[] { 1, -2, 3, 4 }.Select(seed => _model.Generate([2], new GenerationOptions { Seed = seed, Sampler = new DdimSampler(4) })[0])],
            walk["images"]!);
    }

    [TestMethod]
    [DataRow("slerp")]
    [DataRow("lerp")]
    public async Task Walk_BetweenSeedsAndAnImage_IsBetweenTheirLatents(string path)
    {
        var image = Garments.Pictures(1)[0];
        var sampler = new GenerationOptions { Sampler = new DdimSampler(50) };
        float[] Noise(long seed) => _model.DrawLatents(1, sampler with { Seed = seed }).Values.ToArray();
        float[] On(float[] from, float[] to, double alpha) => path == "lerp" ? Slerp.Linear<float>(from, to, alpha) : Slerp.Spherical<float>(from, to, alpha);
        var encoded = _model.Encode([image], sampler, [7]).Values.ToArray();
        var between = On(On(Noise(1), encoded, 0.25), On(Noise(3), Noise(4), 0.25), 0.75);
        var expected = _model.Decode(new DiffusionLatents(between, 1, 28, 28, 999), new GenerationOptions { Sampler = new DdimSampler(3) }, [7]);

        var walk = await _playground.PostAsync("/api/walk", new
        {
            @class = 7,
            corner = new object[] { new { seed = 1 }, new { image = image.ToPng() }, new { seed = 3 }, new { seed = 4 } },
            points = new[] { new[] { 0.25, 0.75 } },
            path,
            steps = 3,
        });

        AssertSame(expected, walk["images"]!);
    }

    [TestMethod]
    public async Task Walk_ImageThatIsSent_ComesBackAtTheModelsSize()
    {
        using var folder = new TemporaryFolder();
        using var image = Pictures.Bars(3, 40, 30, coloured: true);
        using var read = new MLContext().Diffusion.LoadImage(folder.Write("image.png", image.ToPng()), new ImageFolderOptions { Width = 28, Height = 28, Grayscale = true });

        using var answer = await _playground.Client.PostAsync("/api/walk/image/0", new ByteArrayContent(image.ToPng()));

        AssertSame([read], new JsonArray(JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["image"]!.DeepClone()));
    }

    [TestMethod]
    public async Task Walk_FileThatIsNoImage_IsAProblem()
    {
        using var answer = await _playground.Client.PostAsync("/api/walk/image/0", new ByteArrayContent([.. "<script>"u8]));

        Assert.AreEqual(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.AreEqual(
            "The image that was sent cannot be used: its content is not that of an image (PNG, JPEG, WebP, GIF, BMP, TIFF, PBM, PGM, PPM or TGA).",
            (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["detail"]!);
    }

    [TestMethod]
    public async Task Walk_Gif_HasAFrameForEachPlace()
    {
        var corners = Enumerable.Range(1, 4).Select(seed => new { seed });
        using var answer = await _playground.Client.PostAsJsonAsync("/api/walk/gif", new { corner = corners, points = (double[][])[[0, 0], [0.5, 0.5], [1, 1]], steps = 1 });
        using var frames = new ImageMagick.MagickImageCollection(await answer.Content.ReadAsByteArrayAsync());

        Assert.HasCount(3, frames);
        Assert.AreEqual(8u * 28, frames[0].Width);
    }

    internal static void AssertSame(MLImage[] expected, JsonNode images)
    {
        Assert.HasCount(expected.Length, images.AsArray());
        for (var i = 0; i < expected.Length; i++)
        {
            CollectionAssert.AreEqual(expected[i].ToPng(), Convert.FromBase64String((string)images[i]!), $"image {i}");
            expected[i].Dispose();
        }
    }
}
