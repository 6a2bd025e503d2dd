using Microsoft.Playwright;

namespace Microsoft.ML.Diffusion.BrowserTests;

/// <summary>The system's own Chromium, without a window. Playwright's browsers are not asked for: no machine has to download one.</summary>
internal sealed class Chromium : IAsyncDisposable
{
    private static readonly string[] _names = ["chromium", "chromium-browser", "google-chrome"];
    private readonly IPlaywright _driver;
    private readonly IBrowser _browser;

    private Chromium(IPlaywright driver, IBrowser browser) => (_driver, _browser) = (driver, browser);

    /// <summary>Starts it; where there is none, the test is skipped and says how to get it.</summary>
    public static async Task<Chromium> StartAsync()
    {
        var path = _names.Select(Find).FirstOrDefault(file => file is not null);
        if (path is null)
        {
            Assert.Inconclusive("There is no Chromium on this machine (Debian: apt-get install chromium).");
        }

        var driver = await Microsoft.Playwright.Playwright.CreateAsync();
        return new Chromium(driver, await driver.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = path,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
            Timeout = 120_000,
        }));
    }

    /// <summary>Opens an address in a page of its own; any fault of a script fails the test when <see cref="OpenPage.ThrowIfFaulty"/> is called.</summary>
    public async Task<OpenPage> OpenAsync(string address, BrowserNewPageOptions? options = null)
    {
        var page = new OpenPage(await _browser.NewPageAsync(options));
        await page.Page.GotoAsync(address);
        return page;
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _driver.Dispose();
    }

    /// <summary>The whole path of a program that the shell would find; null if there is none.</summary>
    public static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, program))
            .FirstOrDefault(File.Exists);
}
