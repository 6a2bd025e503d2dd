using Microsoft.Playwright;

namespace Microsoft.ML.Diffusion.BrowserTests;

/// <summary>A page, and what its scripts complained of.</summary>
internal sealed class OpenPage
{
    private readonly List<string> _faults = [];

    public OpenPage(IPage page)
    {
        Page = page;
        page.SetDefaultTimeout(120_000);
        page.PageError += (_, fault) => _faults.Add(fault);
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
            {
                _faults.Add(message.Text);
            }
        };
    }

    public IPage Page { get; }

    public void ThrowIfFaulty() => Assert.IsEmpty(_faults, string.Join(Environment.NewLine, _faults));

    /// <summary>Waits until the model is loaded.</summary>
    public Task ReadyAsync() => Page.WaitForSelectorAsync("body[data-ready]");

    /// <summary>Presses Generate and waits for the last image.</summary>
    public async Task GenerateAsync()
    {
        await Page.ClickAsync("#generate");
        await DoneAsync();
    }

    public async Task DoneAsync()
    {
        await Page.WaitForSelectorAsync("body[data-done], body[data-fault]");
        Assert.IsNull(await Page.GetAttributeAsync("body", "data-fault"));
    }

    /// <summary>The levels of each image that is to be seen, in rows, four for each pixel.</summary>
    public async Task<byte[][]> ImagesAsync()
    {
        var images = await Page.EvaluateAsync<int[][]>(
            "[...document.querySelectorAll('canvas')].map(c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data])");
        return [.. images.Select(image => Array.ConvertAll(image, level => (byte)level))];
    }
}
