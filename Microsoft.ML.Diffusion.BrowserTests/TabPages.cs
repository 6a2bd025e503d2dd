using Microsoft.ML.Data;
using Microsoft.Playwright;

namespace Microsoft.ML.Diffusion.BrowserTests;

/// <summary>What the tests of tabs do with pages.</summary>
internal static class TabPages
{
    /// <summary>A phone, in the dark.</summary>
    public static BrowserNewPageOptions Phone { get; } = new() { ViewportSize = new ViewportSize { Width = 400, Height = 800 }, ColorScheme = ColorScheme.Dark };

    /// <summary>A window on a desk, in the light.</summary>
    public static BrowserNewPageOptions Desk { get; } = new() { ViewportSize = new ViewportSize { Width = 1100, Height = 900 }, ColorScheme = ColorScheme.Light };

    /// <summary>The files behind images, which are in the page.</summary>
    public static async Task<byte[][]> FilesAsync(this IPage page, string images)
    {
        var sources = await page.EvaluateAsync<string[]>("selector => [...document.querySelectorAll(selector)].map(image => image.src)", images);
        return Array.ConvertAll(sources, source => Convert.FromBase64String(source[(source.IndexOf(',', StringComparison.Ordinal) + 1)..]));
    }

    /// <summary>The levels of canvases: red, green, blue and alpha of each pixel.</summary>
    public static async Task<byte[][]> LevelsAsync(this IPage page, string canvases)
    {
        var levels = await page.EvaluateAsync<int[][]>(
            "selector => [...document.querySelectorAll(selector)].map(c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data])",
            canvases);
        return Array.ConvertAll(levels, image => Array.ConvertAll(image, level => (byte)level));
    }

    public static Task WaitForTextAsync(this IPage page, string selector, string text) => page.WaitForFunctionAsync(
        "([selector, text]) => document.querySelector(selector)?.textContent.includes(text)",
        new object[] { selector, text });

    /// <summary>Moves a slider as a finger does.</summary>
    public static Task SlideAsync(this IPage page, string slider, double value) => page.EvalOnSelectorAsync(
        slider,
        "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input', { bubbles: true })); slider.dispatchEvent(new Event('change', { bubbles: true })); }",
        value);

    /// <summary>Keeps what is to be seen, wide and narrow, in the light and in the dark, where the environment names a folder for it.</summary>
    public static async Task ShootAsync(this IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("SCREENSHOTS") is not { } folder)
        {
            return;
        }

        var size = page.ViewportSize!;
        foreach (var width in new[] { 1100, 400 })
        {
            foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
            {
                await page.SetViewportSizeAsync(width, size.Height);
                await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = scheme });
                await page.WaitForTimeoutAsync(300);
                await page.ScreenshotAsync(new PageScreenshotOptions
                {
                    Path = Path.Combine(folder, $"{name}-{width}-{scheme.ToString().ToLowerInvariant()}.png"),
                    FullPage = true,
                });
            }
        }

        await page.SetViewportSizeAsync(size.Width, size.Height);
    }

    public static async Task AssertNarrowAsync(this IPage page) => Assert.IsLessThanOrEqualTo(
        page.ViewportSize!.Width,
        await page.EvaluateAsync<int>("document.documentElement.scrollWidth"),
        "nobody should have to scroll sideways");

    /// <summary>The files of images, which are disposed.</summary>
    public static byte[][] Pngs(MLImage[] images) => Array.ConvertAll(images, image =>
    {
        using (image)
        {
            return image.ToPng();
        }
    });

    public static void AssertSame(byte[][] expected, byte[][] actual)
    {
        Assert.HasCount(expected.Length, actual);
        for (var i = 0; i < expected.Length; i++)
        {
            CollectionAssert.AreEqual(expected[i], actual[i], $"image {i}");
        }
    }
}
