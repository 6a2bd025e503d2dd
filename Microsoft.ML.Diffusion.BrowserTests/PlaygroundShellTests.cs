using Microsoft.ML.Diffusion.Tests.Build;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.Playwright;

namespace Microsoft.ML.Diffusion.BrowserTests;

/// <summary>The page of 'diffusion serve' around its tabs: keyboard, colours, small windows, hostile names, a server that goes.</summary>
[TestClass]
public sealed class PlaygroundShellTests
{
    private static readonly string _file = BuildFiles.InRoot("models", "garments.zip");

    private static PlaygroundProcess _playground = null!;

    [ClassInitialize]
    public static async Task Start(TestContext context) => _playground = await PlaygroundProcess.StartAsync(_file);

    [ClassCleanup]
    public static void Stop() => _playground.Dispose();

    [TestMethod]
    public async Task Tabs_ByKeyboard_FollowThePatternOfAria()
    {
        await using var chromium = await Chromium.StartAsync();
        var page = await PlaygroundPage.OpenAsync(chromium, _playground, "#tab=generate");
        await page.Page.FocusAsync("#tab-generate");
        async Task PressAsync(string key, string tab)
        {
            await page.Page.Keyboard.PressAsync(key);
            await page.Page.WaitForSelectorAsync($"#tab-{tab}[aria-selected=true]:focus");
            await page.Page.WaitForSelectorAsync($"#panel-{tab}:not([hidden])");
            Assert.AreEqual(1, await page.Page.Locator("[role=tab][tabindex='0']").CountAsync());
            Assert.AreEqual(1, await page.Page.Locator("[role=tabpanel]:visible").CountAsync());
        }

        var last = await page.Page.EvaluateAsync<string>("[...document.querySelectorAll('[role=tab]:not([hidden])')].at(-1).id.slice(4)");
        await PressAsync("ArrowRight", "compare");
        await PressAsync("ArrowRight", "walk");
        await PressAsync("ArrowLeft", "compare");
        await PressAsync("Home", "generate");
        await PressAsync("ArrowLeft", last);
        await PressAsync("End", last);
        Assert.AreEqual("solid", await page.Page.EvaluateAsync<string>("getComputedStyle(document.activeElement).outlineStyle"), "the focus is to be seen");
        page.AssertWell();
    }

    [TestMethod]
    public async Task EveryControl_HasAName_AndEveryImageAText()
    {
        await using var chromium = await Chromium.StartAsync();
        var page = await PlaygroundPage.OpenAsync(chromium, _playground, "#tab=generate&class=0&seed=1&sampler=ddim&steps=2&guidance=1&count=1");
        await page.DoneAsync("generate");
        foreach (var tab in new[] { "generate", "compare", "walk" })
        {
            await page.ShowAsync(tab);
            var nameless = await page.Page.EvaluateAsync<string[]>(
                "tab => [...document.querySelectorAll(`#panel-${tab} :is(input, select, button), #panel-${tab} img`)]"
                    + ".filter(e => !(e.labels?.length || e.getAttribute('aria-label') || e.textContent.trim() || (e.tagName === 'IMG' && e.hasAttribute('alt')))).map(e => e.outerHTML)",
                tab);
            Assert.IsEmpty(nameless, string.Join("\n", nameless));
        }

        page.AssertWell();
    }

    [TestMethod]
    public async Task HostileNames_AreOnlyShown()
    {
        using var folder = new DisposedFolder();
        var file = Path.Combine(folder.Path, OperatingSystem.IsWindows() ? "hostile.zip" : HostileModel.FileName);
        HostileModel.Save(file);
        using var playground = await PlaygroundProcess.StartAsync(file, file);
        await using var chromium = await Chromium.StartAsync();
        var page = await PlaygroundPage.OpenAsync(chromium, playground, "#tab=generate&class=0&seed=1&sampler=ddim&steps=2&guidance=1&count=1");
        await page.DoneAsync("generate");
        var options = (await page.Page.Locator("#panel-generate select").First.Locator("option").AllTextContentsAsync()).ToArray();
        var models = await page.Page.Locator("#model option").AllTextContentsAsync();
        foreach (var tab in new[] { "compare", "walk", "generate" })
        {
            await page.ShowAsync(tab);
        }

        await page.ShowAsync("compare");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Compare", Exact = true }).ClickAsync();
        await page.DoneAsync("compare");

        CollectionAssert.AreEquivalent(HostileModel.Classes.Prepend("none").ToArray(), options);
        Assert.AreEqual(Path.GetFileName(file), models[0]);
        Assert.AreEqual("Compare · Playground", await page.Page.TitleAsync(), "no script has run");
        Assert.AreEqual(1, await page.Page.Locator("script").CountAsync());
        Assert.AreEqual(0, await page.Page.Locator("img[src=x], [onmouseover], [onerror]").CountAsync());
        page.AssertWell();
    }

    [TestMethod]
    public async Task Address_OfAnyState_IsNoScriptAndNoFault()
    {
        await using var chromium = await Chromium.StartAsync();
        var page = await PlaygroundPage.OpenAsync(chromium, _playground, "#tab=<script>document.title=1</script>&model=9&class=<b>&seed='");
        await page.ShowAsync("walk");

        StringAssert.EndsWith(await page.Page.TitleAsync(), " · Playground");
        page.AssertWell();
    }

    [TestMethod]
    public async Task Server_KilledAndStartedAgain_IsSaidAndGoesOn()
    {
        await using var chromium = await Chromium.StartAsync();
        var first = await PlaygroundProcess.StartAsync(_file);
        var page = await PlaygroundPage.OpenAsync(chromium, first, "#tab=generate&class=1&seed=3&sampler=ddim&steps=900&guidance=1&count=16");
        await page.Page.WaitForSelectorAsync("#x");
        first.Dispose();
        await page.Page.WaitForSelectorAsync("#fault:has-text('The program has gone.')");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Generate" }).ClickAsync();
        await page.Page.WaitForSelectorAsync("#fault:has-text('The program does not answer.')");

        using var second = await PlaygroundProcess.StartAsync(_file, "--port", $"{first.Root.Port}");
        await page.Page.GetByLabel("Steps", new() { Exact = true }).FillAsync("2");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Generate" }).ClickAsync();
        await page.DoneAsync("generate");

        Assert.IsTrue(await page.Page.IsHiddenAsync("#fault"));
        Assert.HasCount(16, await page.ImagesAsync("#panel-generate .thumbs img"));
    }

    [TestMethod]
    public async Task OpenPlayground_ByItsAddress_IsUsedAsAnyOther()
    {
        using var playground = await PlaygroundProcess.StartAsync(_file, "--host", "0.0.0.0");
        await using var chromium = await Chromium.StartAsync();
        var page = await PlaygroundPage.OpenAsync(chromium, playground);
        await page.Page.ReloadAsync(); // without the token in the address
        await page.Page.WaitForSelectorAsync("body[data-ready]");
        await page.Page.GetByLabel("Steps", new() { Exact = true }).FillAsync("1");
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Generate" }).ClickAsync();
        await page.DoneAsync("generate");

        page.AssertWell();
    }

    [TestMethod]
    [DataRow(400, "Dark")]
    [DataRow(1100, "Light")]
    public async Task Page_OfAnyWidth_NeedsNoScrollingSideways(int width, string colours)
    {
        await using var chromium = await Chromium.StartAsync();
        var options = new BrowserNewPageOptions { ViewportSize = new ViewportSize { Width = width, Height = 900 }, ColorScheme = Enum.Parse<ColorScheme>(colours) };
        (string Tab, string State)[] tabs =
        [
            ("generate", "#tab=generate&class=0&seed=7&sampler=ddim&steps=6&guidance=2&count=8"),
            ("compare", "#tab=compare&class=0&seed=7&guidance=1&samplers=ddim,unipc&steps=1,2,3,4"),
            ("walk", "#tab=walk&c0=1&c1=2&c2=3&c3=4&class=0&path=slerp&at=0.62,0.38"),
        ];
        foreach (var (tab, state) in tabs)
        {
            var page = await PlaygroundPage.OpenAsync(chromium, _playground, state, options);
            await page.DoneAsync(tab);

            Assert.IsLessThanOrEqualTo(width, await page.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"), tab);
            var brightness = await page.Page.EvaluateAsync<int>("Number(/\\d+/.exec(getComputedStyle(document.body).backgroundColor)[0])");
            Assert.AreEqual(colours == "Dark", brightness < 128);
            await page.PhotographAsync($"{tab}-{width}-{colours.ToLowerInvariant()}");
            page.AssertWell();
        }
    }

    [TestMethod]
    public async Task Colours_AreSwitched_AndStaySo()
    {
        await using var chromium = await Chromium.StartAsync();
        var page = await PlaygroundPage.OpenAsync(chromium, _playground, options: new BrowserNewPageOptions { ColorScheme = ColorScheme.Light });
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Dark" }).ClickAsync();
        await page.Page.ReloadAsync();
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Light" }).WaitForAsync();

        Assert.AreEqual("dark", await page.Page.EvaluateAsync<string>("getComputedStyle(document.documentElement).colorScheme"));
        page.AssertWell();
    }

    private sealed class DisposedFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("playground").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
