using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Build;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.Playwright;

namespace Microsoft.ML.Diffusion.BrowserTests;

/// <summary>The tabs Generate, Compare and Walk of 'diffusion serve', driven as a person does; their images are the library's, to the byte.</summary>
[TestClass]
public sealed class PlaygroundPageTests
{
    private static readonly string _file = BuildFiles.InRoot("models", "garments.zip");
    private static readonly DiffusionTransformer _model = new MLContext().Diffusion.LoadDiffusionModel(_file);

    private static PlaygroundProcess _playground = null!;

    [ClassInitialize]
    public static async Task Start(TestContext context) => _playground = await PlaygroundProcess.StartAsync(_file, _file);

    [ClassCleanup]
    public static void Stop()
    {
        _playground.Dispose();
        _model.Dispose();
    }

    [TestMethod]
    public async Task Generate_AsAPersonDoes_ShowsTheLibrarysImages()
    {
        await using var chromium = await Chromium.StartAsync();
        var page = await PlaygroundPage.OpenAsync(chromium, _playground);
        Assert.AreEqual("", (await page.StateAsync()).Split('#')[0], "the token is taken out of the address");
        await page.Page.GetByLabel("Class", new() { Exact = true }).SelectOptionAsync("Sandal");
        await page.Page.GetByLabel("Seed", new() { Exact = true }).FillAsync("-7");
        await page.Page.GetByLabel("Sampler").SelectOptionAsync("DDIM");
        await page.Page.GetByLabel("Steps", new() { Exact = true }).FillAsync("4");
        await page.Page.GetByLabel("Eta").FillAsync("0.5");
        await page.Page.GetByLabel("Guidance").FillAsync("2");
        await page.Page.GetByLabel("Images", new() { Exact = true }).And(page.Page.Locator("input")).FillAsync("2");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Generate" }).ClickAsync();
        await page.DoneAsync("generate");

        List<(MLImage[] X, MLImage[] X0)> steps = [];
        var options = new GenerationOptions
        {
            Sampler = new DdimSampler(4, eta: 0.5),
            Seed = -7,
            GuidanceScale = 2,
            Observer = snapshot => steps.Add((snapshot.GetSampleImages(), snapshot.GetPredictedOriginalImages())),
        };
        var label = _model.LabelOf("Sandal");
        await page.AssertShownAsync(_model.Generate([label, label], options), "#panel-generate .thumbs img");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Image 2" }).ClickAsync();
        CollectionAssert.AreEqual(steps[3].X[1].ToPng(), await page.SaveAsync("Save PNG"));
        await page.Page.FocusAsync("#step");
        await page.Page.Keyboard.PressAsync("Home");
        await page.AssertShownAsync([steps[0].X[1]], "#x");
        await page.AssertShownAsync([steps[0].X0[1]], "#x0");
        StringAssert.StartsWith(await page.Page.TextContentAsync(".scrub output"), "Step 1 of 4 · ");
        CollectionAssert.AreEqual("GIF89a"u8.ToArray(), (await page.SaveAsync("Save GIF"))[..6]);
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Copy as C#" }).ClickAsync();
        await page.Page.WaitForSelectorAsync("#code:not([hidden])");
        StringAssert.Contains(await page.Page.TextContentAsync("#code"), "Sampler = new DdimSampler(4, eta: 0.5),");
        StringAssert.StartsWith(await page.Page.TextContentAsync("#status"), "The program is ");

        // The address is the image: in another page, with nothing done.
        var link = new Uri(page.Page.Url).Fragment;
        Assert.AreEqual("#tab=generate&class=5&seed=-7&sampler=ddim&steps=4&guidance=2&count=2&eta=0.5", link);
        var other = await PlaygroundPage.OpenAsync(chromium, _playground, link);
        await other.DoneAsync("generate");
        await other.AssertShownAsync(_model.Generate([label, label], options with { Observer = null }), "#panel-generate .thumbs img");
        page.AssertWell();
        other.AssertWell();
    }

    [TestMethod]
    public async Task Generate_ReloadedInTheMiddle_BeginsAgain()
    {
        await using var chromium = await Chromium.StartAsync();
        var page = await PlaygroundPage.OpenAsync(chromium, _playground, "#tab=generate&class=1&seed=3&sampler=ddim&steps=150&guidance=1&count=2");
        await page.Page.WaitForSelectorAsync("#x");
        await page.Page.ReloadAsync();
        await page.DoneAsync("generate");

        await page.AssertShownAsync(_model.Generate([1, 1], new GenerationOptions { Sampler = new DdimSampler(150), Seed = 3 }), "#panel-generate .thumbs img");
        page.AssertWell();
    }

    [TestMethod]
    public async Task Generate_Stopped_GeneratesAgain()
    {
        await using var chromium = await Chromium.StartAsync();
        var page = await PlaygroundPage.OpenAsync(chromium, _playground, "#tab=generate&class=1&seed=3&sampler=ddim&steps=900&guidance=1&count=16");
        await page.Page.WaitForSelectorAsync("#x");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Stop" }).ClickAsync();
        await page.Page.WaitForSelectorAsync("#status:text-is('Stopped.')");
        await page.Page.GetByLabel("Steps", new() { Exact = true }).FillAsync("2");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Generate" }).ClickAsync();
        await page.DoneAsync("generate");

        Assert.HasCount(16, await page.ImagesAsync("#panel-generate .thumbs img"));
        page.AssertWell();
    }

    [TestMethod]
    public async Task FivePagesAtOnce_AllGetTheirImages()
    {
        await using var chromium = await Chromium.StartAsync();
        var pages = await Task.WhenAll(Enumerable.Range(0, 5).Select(i =>
            PlaygroundPage.OpenAsync(chromium, _playground, $"#tab=generate&class={i}&seed={i}&sampler=euler&steps=8&guidance=1&count=1")));

        for (var i = 0; i < pages.Length; i++)
        {
            await pages[i].DoneAsync("generate");
            await pages[i].AssertShownAsync(_model.Generate([i], new GenerationOptions { Sampler = new EulerSampler(8), Seed = i }), "#x");
            pages[i].AssertWell();
        }
    }

    [TestMethod]
    public async Task Compare_AsAPersonDoes_ShowsTheLibrarysImages()
    {
        await using var chromium = await Chromium.StartAsync();
        var page = await PlaygroundPage.OpenAsync(chromium, _playground);
        await page.ShowAsync("compare");
        var panel = page.Page.Locator("#panel-compare");
        await panel.GetByLabel("Class").SelectOptionAsync("Bag");
        await panel.GetByLabel("Seed", new() { Exact = true }).FillAsync("12");
        await panel.GetByLabel("Steps", new() { Exact = true }).FillAsync("2, 5");
        foreach (var name in new[] { "DPM-Solver++", "UniPC" })
        {
            await panel.GetByLabel(name, new() { Exact = true }).UncheckAsync();
        }

        await panel.GetByRole(AriaRole.Button, new() { Name = "Compare" }).ClickAsync();
        await page.DoneAsync("compare");

        Sampler[] samplers = [new DdimSampler(2), new DdimSampler(5), new HeunSampler(2), new HeunSampler(5)];
        MLImage[] expected = [.. samplers.Concat(samplers).Select(sampler => _model.Generate(["Bag"], new GenerationOptions { Sampler = sampler, Seed = 12 })[0])];
        await page.AssertShownAsync(expected, "#panel-compare td img");
        Assert.HasCount(2, await page.Page.QuerySelectorAllAsync("#panel-compare table"));
        StringAssert.EndsWith((await page.Page.Locator("#panel-compare td figcaption").AllTextContentsAsync())[3], "9 calls");
        Assert.AreEqual("#tab=compare&models=0,1&class=1&seed=12&guidance=1&samplers=ddim,heun&steps=2,5", Uri.UnescapeDataString(new Uri(page.Page.Url).Fragment));
        page.AssertWell();
    }

    [TestMethod]
    public async Task Walk_AsAPersonDoes_ShowsTheLibrarysImages()
    {
        await using var chromium = await Chromium.StartAsync();
        var page = await PlaygroundPage.OpenAsync(chromium, _playground);
        await page.ShowAsync("walk");
        await page.DoneAsync("walk");
        var panel = page.Page.Locator("#panel-walk");
        await panel.GetByLabel("Class").SelectOptionAsync("none");
        var pad = (await page.Page.Locator("#pad").BoundingBoxAsync())!;
        await page.Page.Mouse.MoveAsync(pad.X + (0.5f * pad.Width), pad.Y + (0.5f * pad.Height));
        await page.Page.Mouse.DownAsync();
        await page.Page.Mouse.MoveAsync(pad.X + (0.75f * pad.Width), pad.Y + (0.5f * pad.Height), new() { Steps = 4 });
        await page.Page.Mouse.MoveAsync(pad.X + pad.Width + 50, pad.Y - 50, new() { Steps = 4 });
        await page.Page.Mouse.UpAsync();
        await page.DoneAsync("walk");

        MLImage Corner(long seed) => _model.Generate(1, new GenerationOptions { Seed = seed, Sampler = new DdimSampler(50) })[0];
        await page.AssertShownAsync([Corner(2)], "#here"); // dragged beyond the corner
        await page.AssertShownAsync([Corner(1), Corner(2), Corner(3), Corner(4)], "#pad img");
        StringAssert.StartsWith(new Uri(page.Page.Url).Fragment, "#tab=walk&c0=1&c1=2&c2=3&c3=4&class=&path=slerp&at=1%2C0&along=0.5%2C0.5%3B");
        CollectionAssert.AreEqual("GIF89a"u8.ToArray(), (await page.SaveAsync("Save the path as GIF"))[..6]);

        await page.Page.FocusAsync("#walk-down");
        await page.Page.Keyboard.PressAsync("End");
        await page.Page.WaitForSelectorAsync("#here[alt='The image at 100 % across and 100 % down']");
        await page.DoneAsync("walk");
        await page.AssertShownAsync([Corner(4)], "#here");
        page.AssertWell();
    }

    [TestMethod]
    public async Task Walk_ImageOfOnesOwn_IsACorner_AlsoInALink()
    {
        var (sampler, file) = (new GenerationOptions { Sampler = new DdimSampler(50) }, Corner(77).ToPng());
        MLImage Corner(long seed) => _model.Generate(1, new GenerationOptions { Seed = seed, Sampler = new DdimSampler(5) })[0];
        await using var chromium = await Chromium.StartAsync();
        var page = await PlaygroundPage.OpenAsync(chromium, _playground, "#tab=walk&c0=1&c1=2&c2=3&c3=4&class=&path=lerp&at=0,0");
        await page.DoneAsync("walk");
        await page.Page.GetByLabel("Top left: image file").SetInputFilesAsync(new FilePayload { Name = "<script>.png", MimeType = "image/png", Buffer = file });
        await page.Page.WaitForSelectorAsync("#pad img[alt='Top left: your image, as the model encodes it']");
        await page.DoneAsync("walk");

        var image = Corner(77);
        MLImage[] Again() => _model.Decode(_model.Encode([image], sampler), sampler);
        await page.AssertShownAsync(Again(), "#here");
        var other = await PlaygroundPage.OpenAsync(chromium, _playground, new Uri(page.Page.Url).Fragment);
        await other.DoneAsync("walk");
        await other.AssertShownAsync(Again(), "#here");
        page.AssertWell();
        other.AssertWell();
    }
}
