using System.Net;

namespace Microsoft.ML.Diffusion.BrowserTests;

/// <summary>diffusion train --watch as a person uses it: a real training, and pages that look at it.</summary>
[TestClass]
public sealed class TrainTabTests
{
    private const string State = "#panel-train .tv-state";

    [TestMethod]
    public async Task Watch_TwoPages_SeeItGoWaitGoOnAndEnd()
    {
        await using var chromium = await Chromium.StartAsync();
        using var command = new WatchedCommand("--steps", "100000");
        var address = await command.AddressAsync();
        var first = await chromium.OpenAsync(address, TabPages.Desk);
        var second = await chromium.OpenAsync(address, TabPages.Phone);
        await first.Page.WaitForFunctionAsync("() => document.querySelectorAll('.tv-chart polyline')[0]?.points.length > 5");
        Assert.AreEqual("A model of photos <b>", await first.Page.InnerTextAsync(".tv-title"), "a name is a text");

        await first.Page.ClickAsync("#train-pause");
        await first.Page.WaitForTextAsync(State, "Paused");
        await second.Page.WaitForTextAsync(State, "Paused");
        var step = await second.Page.InnerTextAsync(State);
        await first.Page.ReloadAsync();
        await first.Page.WaitForTextAsync(State, "Paused");
        Assert.AreEqual(step, await first.Page.InnerTextAsync(State), "a page that comes back knows all of it");
        Assert.IsGreaterThan(5, await first.Page.EvaluateAsync<int>("document.querySelectorAll('.tv-chart polyline')[0].points.length"));
        Assert.IsFalse(command.Ended.IsCompleted);
        await first.Page.ShootAsync("train-paused");

        await second.Page.ClickAsync("#train-pause");
        await first.Page.WaitForFunctionAsync("([selector, old]) => document.querySelector(selector).textContent !== old && document.querySelector(selector).textContent.startsWith('Training')", new object[] { State, step });
        await first.Page.ClickAsync("#train-stop");
        await first.Page.ClickAsync("#train-stop-sure");
        await first.Page.WaitForTextAsync(State, "Done");
        await second.Page.WaitForTextAsync(State, "Done");
        await second.Page.WaitForTextAsync("#panel-train .tv-text", $"Wrote {command.Model}");
        await second.Page.AssertNarrowAsync();

        Assert.AreEqual(0, await command.Ended.WaitAsync(TimeSpan.FromSeconds(60)), "what a page ends is done");
        using var model = new MLContext().Diffusion.LoadDiffusionModel(command.Model);
        Assert.AreEqual(TrainingEnd.Cancelled, model.Training!.End);
        StringAssert.StartsWith(command.Output.ToString(), "Stopped: ");
        first.ThrowIfFaulty();
        second.ThrowIfFaulty();
    }

    [TestMethod]
    public async Task Watch_ToTheEnd_ShowsImagesAndLeavesTheSamePageAsReport()
    {
        await using var chromium = await Chromium.StartAsync();
        using var command = new WatchedCommand("--steps", "300", "--report", "{folder}/report");
        var open = await chromium.OpenAsync(await command.AddressAsync(), TabPages.Desk);
        var page = open.Page;
        await page.WaitForTextAsync(State, "Done");
        Assert.AreEqual(0, await command.Ended.WaitAsync(TimeSpan.FromSeconds(60)));

        Assert.AreEqual("9", await page.GetAttributeAsync("#train-grid", "max"), "ten tenths");
        StringAssert.EndsWith(await page.InnerTextAsync(".tv-scrub label"), "10 of 10");
        var last = (await page.LevelsAsync("canvas.tv-images"))[0];
        await page.FocusAsync("#train-grid");
        await page.Keyboard.PressAsync("Home");
        await page.WaitForTextAsync(".tv-scrub label", "1 of 10");
        CollectionAssert.AreNotEqual(last, (await page.LevelsAsync("canvas.tv-images"))[0]);
        Assert.IsGreaterThan(2, await page.EvaluateAsync<int>("document.querySelectorAll('.tv-chart polyline')[1].points.length"), "validations");
        var linear = await page.InnerHTMLAsync(".tv-chart");
        await page.CheckAsync("text=log");
        Assert.AreNotEqual(linear, await page.InnerHTMLAsync(".tv-chart"));
        StringAssert.Contains(await page.InnerTextAsync(".tv-messages"), "Training begins on cpu");
        await page.ShootAsync("train");
        open.ThrowIfFaulty();

        var report = await chromium.OpenAsync(new Uri(command.FileOf("report/report.html")).AbsoluteUri, TabPages.Desk);
        await report.Page.WaitForTextAsync(".tv-state", "Done");
        await report.Page.WaitForTextAsync(".tv-scrub label", "10 of 10");
        CollectionAssert.AreEqual(last, (await report.Page.LevelsAsync("canvas.tv-images"))[0]);
        Assert.IsGreaterThan(3, await report.Page.EvaluateAsync<int>("document.querySelectorAll('.tv-chart polyline')[0].points.length"));
        Assert.IsFalse(await report.Page.IsVisibleAsync(".tv-buttons"), "nothing runs any more");
        report.ThrowIfFaulty();
    }

    [TestMethod]
    [DataRow(true, DisplayName = "by a page")]
    [DataRow(false, DisplayName = "by Ctrl+C")]
    public async Task Watch_EndedWithCheckpoints_KeepsTheModelIfAPageAsks(bool isPage)
    {
        using var command = new WatchedCommand("--steps", "100000", "--checkpoint", "{folder}/run");
        var address = await command.AddressAsync();
        using var client = new HttpClient();
        await FirstStepAsync(client, address);

        if (isPage)
        {
            Assert.AreEqual(HttpStatusCode.OK, await SendAsync(client, address, "stop"));
        }
        else
        {
            command.Interrupt();
        }

        Assert.AreEqual(isPage ? 0 : 130, await command.Ended.WaitAsync(TimeSpan.FromSeconds(60)));
        Assert.AreEqual(isPage, File.Exists(command.Model));
        Assert.IsNotEmpty(Directory.GetFiles(command.FileOf("run"), "*.safetensors"), "what was learned is kept in any case");
    }

    [TestMethod]
    public async Task Watch_WithoutTheToken_ShowsButDoesNothing()
    {
        using var command = new WatchedCommand("--steps", "100000");
        var address = await command.AddressAsync();
        var root = address[..address.IndexOf('?', StringComparison.Ordinal)];
        using var client = new HttpClient();

        foreach (var action in new[] { "pause", "resume", "stop" })
        {
            using var answer = await client.PostAsync(new Uri($"{root}api/train/{action}"), null);
            Assert.AreEqual(HttpStatusCode.Unauthorized, answer.StatusCode);
        }

        Assert.AreEqual(HttpStatusCode.Forbidden, await SendAsync(client, address, "stop", origin: "https://elsewhere.example"));
        Assert.AreEqual(HttpStatusCode.Conflict, await SendAsync(client, address, "resume"), "it does not wait");

        await using var events = await client.GetStreamAsync(new Uri($"{root}api/train/events"));
        using var reader = new StreamReader(events);
        Assert.AreEqual("event: update", await reader.ReadLineAsync());
        StringAssert.StartsWith(await reader.ReadLineAsync(), "data: {\"run\":\"");
        Assert.IsFalse(command.Ended.IsCompleted);
    }

    private static async Task<HttpStatusCode> SendAsync(HttpClient client, string address, string action, string? origin = null)
    {
        var page = new Uri(address);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(page, $"/api/train/{action}"));
        request.Headers.Add("X-Token", page.Query["?token=".Length..]);
        if (origin is not null)
        {
            request.Headers.Add("Origin", origin);
        }

        using var answer = await client.SendAsync(request);
        return answer.StatusCode;
    }

    private static async Task FirstStepAsync(HttpClient client, string address)
    {
        using var events = await client.GetStreamAsync(new Uri(new Uri(address), "/api/train/events"));
        using var reader = new StreamReader(events);
        while ((await reader.ReadLineAsync())?.Contains("\"state\":\"running\"", StringComparison.Ordinal) != true)
        {
        }
    }
}
