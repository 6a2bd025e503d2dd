using Browser;
using Microsoft.AspNetCore.Builder;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samples;
using Microsoft.Playwright;

namespace Microsoft.ML.Diffusion.BrowserTests;

/// <summary>samples/Browser as a visitor sees it: its folder, its server, a real browser.</summary>
[TestClass]
public sealed class BrowserSampleTests : IDisposable
{
    private const int Steps = 3;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("browser");
    private readonly MLContext _mlContext = new(1);

    [TestMethod]
    public async Task Noise_OfAnySeed_IsTheLibrarysToTheBit()
    {
        await using var chromium = await Chromium.StartAsync();
        await using var server = await ServeAsync(Garments(), new DdimSampler(Steps));
        var open = await chromium.OpenAsync(StaticServer.AddressOf(server));

        foreach (var (seed, sample, draw, count) in new[] { (1L, 0L, 0, 8), (-9_007_199_254_740_993, long.MinValue + 5, 7, 10_003), (long.MaxValue, 3, 999, 1) })
        {
            var bits = await open.Page.EvaluateAsync<long[]>(
                "async ([seed, sample, draw, count]) => { const { normals, Stream } = await import('./noise.js');"
                    + " return [...new Uint32Array(normals(Stream.StepOfSample, BigInt(seed), BigInt(sample), draw, count).buffer)]; }",
                new object[] { $"{seed}", $"{sample}", draw, count });
            var numbers = new float[count];
            new RandomNumbers(RandomStream.StepOfSample, seed).Normals(sample, draw, numbers);
            CollectionAssert.AreEqual(Array.ConvertAll(numbers, number => (long)BitConverter.SingleToUInt32Bits(number)), bits);
        }

        open.ThrowIfFaulty();
    }

    [TestMethod]
    public async Task Page_ClassSeedAndGuidance_GiveTheLibrarysImages()
    {
        await using var chromium = await Chromium.StartAsync();
        using var model = Garments();
        var sampler = new DdimSampler(Steps);
        await using var server = await ServeAsync(model, sampler);
        var open = await chromium.OpenAsync(StaticServer.AddressOf(server));
        await open.ReadyAsync();
        await open.Page.SelectOptionAsync("#class", "3");
        await open.Page.FillAsync("#seed", "-5");
        await open.Page.FillAsync("#count", "3");
        await open.Page.FillAsync("#guidance", "2.5");
        await open.GenerateAsync();

        var expected = model.Generate([3, 3, 3], model.Generation with { Sampler = sampler, Seed = -5, GuidanceScale = 2.5 });
        AssertSame(expected, await open.ImagesAsync());
        StringAssert.EndsWith(open.Page.Url, "#class=3&seed=-5&count=3&guidance=2.5");
        StringAssert.StartsWith(await open.Page.TextContentAsync("#status"), "3 of 3 images, ");
        open.ThrowIfFaulty();
    }

    [TestMethod]
    public async Task Page_AtAnAddressThatSomebodySent_ShowsTheSameImages()
    {
        await using var chromium = await Chromium.StartAsync();
        using var model = Garments();
        var sampler = new DdimSampler(Steps);
        await using var server = await ServeAsync(model, sampler);
        var open = await chromium.OpenAsync($"{StaticServer.AddressOf(server)}/#class=-1&seed=77&count=2&guidance=1");
        await open.DoneAsync();

        AssertSame(model.Generate(2, model.Generation with { Sampler = sampler, Seed = 77, GuidanceScale = 1 }), await open.ImagesAsync());
        open.ThrowIfFaulty();
    }

    [TestMethod]
    public async Task Page_StochasticSamplerInColour_GivesTheLibrarysImages()
    {
        await using var chromium = await Chromium.StartAsync();
        using var model = _mlContext.Diffusion.LoadDiffusionModel(ModelFile("emoji.zip"));
        var sampler = new DdimSampler(Steps, eta: 1);
        await using var server = await ServeAsync(model, sampler);
        var open = await chromium.OpenAsync($"{StaticServer.AddressOf(server)}/#class=2&seed=4&count=2&guidance=1.5");
        await open.DoneAsync();

        AssertSame(model.Generate([2, 2], model.Generation with { Sampler = sampler, Seed = 4, GuidanceScale = 1.5 }), await open.ImagesAsync());
        open.ThrowIfFaulty();
    }

    [TestMethod]
    public async Task Page_Stopped_GeneratesAgain()
    {
        await using var chromium = await Chromium.StartAsync();
        await using var server = await ServeAsync(Garments(), new DdimSampler(100));
        var open = await chromium.OpenAsync(StaticServer.AddressOf(server));
        await open.ReadyAsync();
        await open.Page.FillAsync("#count", "64");
        await open.Page.ClickAsync("#generate");
        await open.Page.ClickAsync("#stop");
        await open.Page.WaitForSelectorAsync("#generate:not([disabled])");
        await open.Page.FillAsync("#count", "1");
        await open.GenerateAsync();

        Assert.HasCount(1, await open.ImagesAsync());
        open.ThrowIfFaulty();
    }

    [TestMethod]
    public async Task Page_WithoutItsModel_SaysSo()
    {
        await using var chromium = await Chromium.StartAsync();
        await using var server = await ServeAsync(Garments(), new DdimSampler(Steps));
        File.Delete(Path.Combine(_folder.FullName, "generator.onnx"));
        var open = await chromium.OpenAsync(StaticServer.AddressOf(server));

        await open.Page.WaitForFunctionAsync("document.getElementById('status').textContent.includes('generator.onnx')");
        Assert.IsTrue(await open.Page.IsDisabledAsync("#generate"));
    }

    [TestMethod]
    public async Task Page_OnAPhone_NeedsNoScrollingSideways()
    {
        await using var chromium = await Chromium.StartAsync();
        await using var server = await ServeAsync(Garments(), new DdimSampler(Steps));
        var open = await chromium.OpenAsync(
            StaticServer.AddressOf(server),
            new BrowserNewPageOptions { ViewportSize = new ViewportSize { Width = 400, Height = 800 }, ColorScheme = ColorScheme.Dark });
        await open.ReadyAsync();
        await open.GenerateAsync();

        Assert.IsLessThanOrEqualTo(400, await open.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
        if (Environment.GetEnvironmentVariable("SCREENSHOTS") is { } folder)
        {
            await open.Page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, "browser-phone.png"), FullPage = true });
        }

        open.ThrowIfFaulty();
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private DiffusionTransformer Garments() => _mlContext.Diffusion.LoadDiffusionModel(ModelFile("garments.zip"));

    private async Task<WebApplication> ServeAsync(DiffusionTransformer model, Sampler sampler)
    {
        if (Chromium.Find("npm") is null)
        {
            Assert.Inconclusive("There is no npm on this machine, which gets ONNX Runtime for the web (Debian: apt-get install npm).");
        }

        var artifacts = new Artifacts(_folder.FullName, log: TextWriter.Null);
        new Site(_mlContext, artifacts).Write(model, sampler);
        OnnxRuntimeWeb.CopyTo(artifacts.PathOf("ort"), "npm");
        return await StaticServer.StartAsync(_folder.FullName);
    }

    // 99.5 % of the levels are the same, the others one apart: what the ONNX file promises.
    private static void AssertSame(MLImage[] expected, byte[][] actual)
    {
        Assert.HasCount(expected.Length, actual);
        var (all, different) = (0, 0);
        for (var i = 0; i < expected.Length; i++)
        {
            var levels = Rgba(expected[i]);
            Assert.HasCount(levels.Length, actual[i]);
            for (var k = 0; k < levels.Length; k++, all++)
            {
                Assert.IsLessThanOrEqualTo(1, Math.Abs(levels[k] - actual[i][k]), $"Image {i}, level {k}: {levels[k]} and {actual[i][k]}.");
                different += levels[k] == actual[i][k] ? 0 : 1;
            }

            expected[i].Dispose();
        }

        Assert.IsLessThanOrEqualTo(0.005, (double)different / all);
    }

    private static byte[] Rgba(MLImage image)
    {
        var pixels = image.Pixels;
        var channels = image.BitsPerPixel / 8;
        var (red, green, blue) = image.PixelFormat switch
        {
            MLPixelFormat.Bgra32 => (2, 1, 0),
            MLPixelFormat.Rgba32 => (0, 1, 2),
            _ => (0, 0, 0),
        };
        var result = new byte[4 * image.Width * image.Height];
        for (var i = 0; i < image.Width * image.Height; i++)
        {
            var pixel = pixels.Slice(i * channels, channels);
            (result[4 * i], result[(4 * i) + 1], result[(4 * i) + 2], result[(4 * i) + 3]) = (pixel[red], pixel[green], pixel[blue], 255);
        }

        return result;
    }

    private static string ModelFile(string name)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Diffusion.sln")))
        {
            folder = folder.Parent!;
        }

        return Path.Combine(folder.FullName, "models", name);
    }
}
