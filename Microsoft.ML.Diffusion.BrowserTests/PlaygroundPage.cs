using System.Text.Json;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.Playwright;

namespace Microsoft.ML.Diffusion.BrowserTests;

/// <summary>The page of a playground, as a person uses it.</summary>
internal sealed class PlaygroundPage
{
    private readonly OpenPage _open;
    private readonly Uri _root;
    private readonly List<string> _elsewhere = [];

    private PlaygroundPage(OpenPage open, Uri root)
    {
        (_open, _root) = (open, root);
        Page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(root.ToString(), StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal) && !request.Url.StartsWith("blob:", StringComparison.Ordinal))
            {
                _elsewhere.Add(request.Url);
            }
        };
    }

    public IPage Page => _open.Page;

    /// <summary>Opens the page, at a state if one is given.</summary>
    public static async Task<PlaygroundPage> OpenAsync(Chromium chromium, PlaygroundProcess playground, string state = "", BrowserNewPageOptions? options = null)
    {
        var page = new PlaygroundPage(await chromium.OpenAsync("about:blank", options), playground.Root);
        await page.Page.GotoAsync($"{playground.Address}{state}");
        await page.Page.WaitForSelectorAsync("body[data-ready]");
        return page;
    }

    /// <summary>Opens a tab by a click.</summary>
    public async Task ShowAsync(string tab)
    {
        await Page.ClickAsync($"#tab-{tab}");
        await Page.WaitForSelectorAsync($"#panel-{tab}:not([hidden]) > *");
    }

    /// <summary>Waits until a tab has its last image.</summary>
    public Task DoneAsync(string tab) => Page.WaitForSelectorAsync($"#panel-{tab}[data-done]");

    /// <summary>The PNG files of images that are shown.</summary>
    public async Task<byte[][]> ImagesAsync(string selector)
    {
        var sources = await Page.EvaluateAsync<string[]>("selector => [...document.querySelectorAll(selector)].map(image => image.src)", selector);
        return Array.ConvertAll(sources, source => Convert.FromBase64String(source["data:image/png;base64,".Length..]));
    }

    /// <summary>Checks that what is shown is what the library gives; the images are disposed.</summary>
    public async Task AssertShownAsync(MLImage[] expected, string selector)
    {
        var shown = await ImagesAsync(selector);
        Assert.HasCount(expected.Length, shown);
        for (var i = 0; i < shown.Length; i++)
        {
            CollectionAssert.AreEqual(expected[i].ToPng(), shown[i], $"image {i} of {selector}");
            expected[i].Dispose();
        }
    }

    /// <summary>What the address says.</summary>
    public Task<string> StateAsync() => Page.EvaluateAsync<string>("location.search + location.hash");

    /// <summary>Clicks on a button and reads the file that it gives.</summary>
    public async Task<byte[]> SaveAsync(string button)
    {
        var download = await Page.RunAndWaitForDownloadAsync(() => Page.GetByRole(AriaRole.Button, new() { Name = button, Exact = true }).ClickAsync());
        return await File.ReadAllBytesAsync((await download.PathAsync())!);
    }

    /// <summary>Writes a picture of the page to the folder that the environment names, if it does.</summary>
    public async Task PhotographAsync(string name)
    {
        if (Environment.GetEnvironmentVariable("SCREENSHOTS") is { } folder)
        {
            await Page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, $"playground-{name}.png"), FullPage = true });
        }
    }

    /// <summary>Checks that no script failed, and that nothing was asked of anybody else.</summary>
    public void AssertWell()
    {
        _open.ThrowIfFaulty();
        Assert.IsEmpty(_elsewhere, $"asked beside {_root}: {JsonSerializer.Serialize(_elsewhere)}");
    }
}
