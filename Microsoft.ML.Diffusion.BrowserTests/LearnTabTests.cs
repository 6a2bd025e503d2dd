using Diffusion.Tool.Playground.Learning;
using Microsoft.Playwright;

namespace Microsoft.ML.Diffusion.BrowserTests;

/// <summary>The tab Learn: its numbers by themselves, and the tour as a person takes it.</summary>
[TestClass]
public sealed class LearnTabTests
{
    private const int Timestep = 400;

    [TestMethod]
    [DataRow(0.0, 50)]
    [DataRow(1.0, 50)]
    [DataRow(0.5, 1000, DisplayName = "to the end")]
    public async Task ReverseStep_Terms_AreThoseOfTheEquation(double eta, int stride)
    {
        await using var server = await TabServer.StartAsync();
        var model = server.Model;
        using var image = model.Generate([3], model.Generation with { Sampler = new DdimSampler(6), Seed = 3 })[0];

        var step = ReverseStep.Of(model, image, new LearnRequest { Timestep = Timestep, Stride = stride, Eta = eta, Class = 3, Seed = 5 });

        var (from, to) = step.AlphaBar;
        Assert.AreEqual(model.Schedule.AlphasCumulativeProduct[Timestep], from);
        Assert.AreEqual(stride > Timestep ? 1 : model.Schedule.AlphasCumulativeProduct[Timestep - stride], to);
        Assert.AreEqual(1 - to, (step.DirectionScale * step.DirectionScale) + (step.Sigma * step.Sigma), 1e-12, "the variance of the noise at the new level");

        // The rest of the library's own step, less the two terms that are known, is the third: none, or normal noise of deviation sigma.
        var noise = Tensors.Size(step.Terms.Noise);
        Assert.AreEqual(eta == 0 || to == 1 ? 0 : step.Sigma, noise, eta == 0 || to == 1 ? 1e-5 : 0.1 * step.Sigma);
        Assert.AreEqual(eta == 0 || to == 1, step.Sigma == 0);
    }

    [TestMethod]
    public async Task Race_DdimFourTimes_EndsAlikeAndDdpmDoesNot()
    {
        await using var server = await TabServer.StartAsync();
        var frames = 0;

        var ends = new Race(server.Model, new LearnRequest { Seed = 7, Steps = 5, Class = 1 }).Run(_ => frames++, CancellationToken.None);

        var (ddim, ddpm) = (TabPages.Pngs(ends[0]), TabPages.Pngs(ends[1]));
        Assert.AreEqual(10, frames);
        TabPages.AssertSame([ddim[0], ddim[0], ddim[0], ddim[0]], ddim);
        CollectionAssert.AreNotEqual(ddpm[0], ddpm[1]);
        var own = server.Model.Generate([1], new GenerationOptions { Sampler = new DdimSampler(5), Seed = 7 });
        TabPages.AssertSame(TabPages.Pngs(own), [ddim[0]]);
    }

    [TestMethod]
    public async Task Tour_FromAnImageToTheRace_ShowsEachPart()
    {
        await using var chromium = await Chromium.StartAsync();
        await using var server = await TabServer.StartAsync();
        var open = await chromium.OpenAsync(server.Tab("learn"), TabPages.Desk);
        await open.ReadyAsync();
        var page = open.Page;
        await page.ClickAsync("#panel-learn button:has-text('Draw one')");
        await page.WaitForSelectorAsync("#panel-learn .equation >> nth=2 >> img >> nth=3");
        await page.SlideAsync("#learn-t", Timestep);
        await page.WaitForTextAsync("#panel-learn .equation", $"xₜ at t = {Timestep}");
        var alphaBar = server.Model.Schedule.AlphasCumulativeProduct[Timestep];
        StringAssert.Contains(await page.InnerTextAsync("#panel-learn .equation >> nth=0"), FormattableString.Invariant($"{Math.Sqrt(alphaBar):F3} ×"));
        await page.SlideAsync("#learn-eta", 1);
        await page.WaitForTextAsync("#panel-learn", "The new noise makes the way random.");

        await page.GetByLabel("Steps of each").FillAsync("5");
        await page.ClickAsync("#learn-race");
        await page.WaitForTextAsync("#panel-learn", "Done: DDIM came to 1, DDPM to 4 different images.");
        await page.WaitForFunctionAsync("() => [...document.querySelectorAll('.race canvas')].every(c => c.ariaLabel.endsWith('after step 5 of 5'))");
        var ends = await page.LevelsAsync("#panel-learn .race canvas");
        CollectionAssert.AreEqual(ends[0], ends[3]);
        CollectionAssert.AreNotEqual(ends[4], ends[7]);
        await page.ShootAsync("learn");

        await page.SetViewportSizeAsync(400, 800);
        await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = ColorScheme.Dark });
        await page.AssertNarrowAsync();
        open.ThrowIfFaulty();
    }
}
