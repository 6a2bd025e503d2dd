using Microsoft.ML.Data;
using Microsoft.Playwright;

namespace Microsoft.ML.Diffusion.BrowserTests;

/// <summary>The tab Edit as a person uses it, beside the library.</summary>
[TestClass]
public sealed class EditTabTests : IDisposable
{
    private const string HostileName = "<img src=x onerror=alert(1)> \"'\u202e.png";
    private const int Steps = 6;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edit");

    public void Dispose() => _folder.Delete(recursive: true);

    [TestMethod]
    public async Task Edit_OwnFile_IsPaintedVariedAndEncodedAsByTheLibrary()
    {
        await using var chromium = await Chromium.StartAsync();
        using var own = await WriteImagesAsync();
        await using var server = await TabServer.StartAsync(_folder.FullName);
        var open = await chromium.OpenAsync(server.Tab("edit"), TabPages.Desk);
        await open.ReadyAsync();
        var page = open.Page;
        Assert.IsTrue(await page.IsDisabledAsync("#edit-encode"));
        await page.SetInputFilesAsync("#file-edit", Path.Combine(_folder.FullName, "own.png"));
        await page.WaitForSelectorAsync("#edit-encode:not([disabled])");
        await page.GetByLabel("Steps").FillAsync($"{Steps}");
        await page.GetByLabel("Images", new PageGetByLabelOptions { Exact = true }).FillAsync("2");
        await page.SelectOptionAsync("#panel-edit select >> nth=0", "3");
        await page.SelectOptionAsync("#edit-part", "left");
        await page.ClickAsync("#edit-inpaint");
        await page.WaitForSelectorAsync("#panel-edit .results img >> nth=2");

        var options = server.Model.Generation with { Sampler = new DdimSampler(Steps), Seed = 1 };
        using var mask = LeftHalf(own.Width, own.Height);
        TabPages.AssertSame(
            [own.ToPng(), .. TabPages.Pngs(server.Model.Inpaint([own, own], [mask], 1, options, [3, 3]))],
            await page.FilesAsync("#panel-edit .results img"));
        await page.ShootAsync("edit-inpaint");

        await page.SlideAsync("#edit-strength", 0.75);
        await page.ClickAsync("#edit-vary");
        await page.WaitForSelectorAsync("#panel-edit .results img[alt='Image 2, varied']");
        TabPages.AssertSame(
            [own.ToPng(), .. TabPages.Pngs(server.Model.ImageToImage([own, own], 0.75, options, [3, 3]))],
            await page.FilesAsync("#panel-edit .results img"));

        await page.ClickAsync("#edit-encode");
        await page.WaitForTextAsync("#panel-edit .facts", "Bits per dimension");
        var unguided = new GenerationOptions { Sampler = new DdimSampler(Steps) };
        var error = server.Model.ReconstructionError([own], unguided, [3])[0];
        var bits = server.Model.EvaluateLikelihood([own], new LikelihoodOptions { NumberOfTimesteps = 100, Labels = [3], Seed = 1 });
        var facts = await page.InnerTextAsync("#panel-edit .facts");
        StringAssert.Contains(facts, FormattableString.Invariant($"{bits.BitsPerDimension:F2} ± {bits.StandardError:F2}"));
        Assert.AreEqual(
            error,
            double.Parse(await page.InnerTextAsync("#panel-edit .facts dd >> nth=0"), System.Globalization.CultureInfo.InvariantCulture),
            0.005 * error);
        TabPages.AssertSame(
            [own.ToPng(), .. TabPages.Pngs(server.Model.Decode(server.Model.Encode([own], unguided, [3]), unguided, [3]))],
            await page.FilesAsync("#panel-edit .results > .images img"));
        var nearest = await page.Locator("#panel-edit .nearest figcaption").AllInnerTextsAsync();
        Assert.AreEqual("0.000 · own.png", nearest[0]);
        Assert.IsTrue(nearest.Any(text => text.Contains(HostileName, StringComparison.Ordinal)), "a name is a text");
        await page.ShootAsync("edit-encode");
        open.ThrowIfFaulty();
    }

    [TestMethod]
    public async Task Edit_BrushedOnAPhone_ChangesWhatIsBrushedAlone()
    {
        await using var chromium = await Chromium.StartAsync();
        await using var server = await TabServer.StartAsync();
        var open = await chromium.OpenAsync(server.Tab("edit"), TabPages.Phone);
        await open.ReadyAsync();
        var page = open.Page;
        await page.GetByLabel("Steps").FillAsync($"{Steps}");
        await page.ClickAsync("button:has-text('Draw one')");
        await page.WaitForSelectorAsync("#edit-inpaint:not([disabled])");
        await page.ClickAsync("#edit-inpaint");
        await page.WaitForTextAsync("#fault", "Nothing is brushed.");
        await page.Locator("#edit-mask").ScrollIntoViewIfNeededAsync();
        var box = (await page.Locator("#edit-mask").BoundingBoxAsync())!;
        await page.Mouse.MoveAsync(box.X + (0.1f * box.Width), box.Y + (0.1f * box.Height));
        await page.Mouse.DownAsync();
        await page.Mouse.MoveAsync(box.X + (0.5f * box.Width), box.Y + (0.4f * box.Height), new MouseMoveOptions { Steps = 5 });
        await page.Mouse.UpAsync();
        var brushed = (await page.LevelsAsync("#edit-mask"))[0];
        await page.ClickAsync("#edit-inpaint");
        await page.WaitForSelectorAsync("#panel-edit .results img >> nth=4");

        var before = (await page.LevelsAsync("#panel-edit .drop canvas:not(.mask)"))[0];
        var files = await page.FilesAsync("#panel-edit .results img");
        var after = await LevelsOfAsync(page, files[1]);
        var changed = Enumerable.Range(0, before.Length / 4).Where(i => before[4 * i] != after[4 * i]).ToList();
        Assert.IsNotEmpty(changed);
        Assert.IsTrue(changed.All(i => brushed[(4 * i) + 3] >= 128), "what is not brushed stays");
        await page.AssertNarrowAsync();
        open.ThrowIfFaulty();
    }

    [TestMethod]
    public async Task Edit_FileThatIsNoImage_IsToldInWords()
    {
        await using var chromium = await Chromium.StartAsync();
        await using var server = await TabServer.StartAsync();
        var open = await chromium.OpenAsync(server.Tab("edit"));
        await open.ReadyAsync();
        await open.Page.SetInputFilesAsync("#file-edit", new FilePayload { Name = "a.png", MimeType = "image/png", Buffer = [.. "<script>alert(1)</script>"u8] });

        await open.Page.WaitForTextAsync("#fault", "its content is not that of an image");
        StringAssert.DoesNotMatch(await open.Page.InnerTextAsync("#fault"), new(Path.GetTempPath()));
        Assert.IsTrue(await open.Page.IsDisabledAsync("#edit-vary"));
    }

    private static Task<byte[]> LevelsOfAsync(IPage page, byte[] png) => Task.Run(async () =>
    {
        var levels = await page.EvaluateAsync<int[]>(
            """
            async png => {
              const image = await createImageBitmap(new Blob([Uint8Array.from(atob(png), c => c.charCodeAt(0))], { type: 'image/png' }));
              const canvas = new OffscreenCanvas(image.width, image.height);
              const context = canvas.getContext('2d');
              context.drawImage(image, 0, 0);
              return [...context.getImageData(0, 0, image.width, image.height).data];
            }
            """,
            Convert.ToBase64String(png));
        return Array.ConvertAll(levels, level => (byte)level);
    });

    private static MLImage LeftHalf(int width, int height)
    {
        var pixels = new byte[4 * width * height];
        for (var i = 0; i < width * height; i++)
        {
            pixels.AsSpan(4 * i, 3).Fill(i % width < width / 2 ? byte.MaxValue : byte.MinValue);
            pixels[(4 * i) + 3] = byte.MaxValue;
        }

        return MLImage.CreateFromPixels(width, height, MLPixelFormat.Rgba32, pixels);
    }

    // Some images of the model as those it has learned from; one is the visitor's own.
    private async Task<MLImage> WriteImagesAsync()
    {
        await using var server = await TabServer.StartAsync();
        var images = server.Model.Generate([0, 1, 2, 8], server.Model.Generation with { Sampler = new DdimSampler(Steps), Seed = 3 });
        foreach (var (image, name) in images.Zip(["own.png", "b.png", "c.png", HostileName]))
        {
            await File.WriteAllBytesAsync(Path.Combine(_folder.FullName, name), image.ToPng());
            image.Dispose();
        }

        return new MLContext().Diffusion.LoadImage(Path.Combine(_folder.FullName, "own.png"), new ImageFolderOptions { Grayscale = true });
    }
}
