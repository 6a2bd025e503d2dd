using System.Globalization;
using System.Text.Json;

namespace Microsoft.ML.Diffusion.BrowserTests;

/// <summary>What a page costs the training that it watches, printed; WATCH_SECONDS=20 measures long enough to tell a percent on a quiet machine.</summary>
[TestClass]
public sealed class WatchFigures
{
    private const int Turns = 3;

    private static readonly TimeSpan _window =
        TimeSpan.FromSeconds(double.Parse(Environment.GetEnvironmentVariable("WATCH_SECONDS") ?? "1", CultureInfo.InvariantCulture));

    [TestMethod]
    public async Task Watching_BesideNotWatching_CostsLittle()
    {
        await using var chromium = await Chromium.StartAsync();
        List<double> with = [], without = [];
        using (var command = new WatchedCommand("--steps", "1000000", "--no-samples"))
        {
            await MeasureAsync(chromium, await command.AddressAsync(), with, without);
        }

        Console.WriteLine($"steps a second without a page: {Text(without)}; with one: {Text(with)}; in the mean {Share(with, without):F2} % fewer");
        Assert.IsGreaterThan(0.1 * without.Average(), with.Average());
    }

    private static async Task MeasureAsync(Chromium chromium, string address, List<double> with, List<double> without)
    {
        using var client = new HttpClient { BaseAddress = new Uri(address) };
        await SpeedAsync(client); // the first steps are slower
        for (var turn = 0; turn < Turns; turn++)
        {
            without.Add(await SpeedAsync(client));
            var open = await chromium.OpenAsync(address, TabPages.Desk);
            await open.Page.WaitForSelectorAsync(".tv-chart polyline");
            with.Add(await SpeedAsync(client));
            await open.Page.CloseAsync();
        }
    }

    private static double Share(List<double> with, List<double> without) => 100 * (1 - (with.Average() / without.Average()));

    private static string Text(List<double> speeds) => string.Join(", ", speeds.Select(speed => speed.ToString("F1", CultureInfo.InvariantCulture)));

    private static async Task<double> SpeedAsync(HttpClient client)
    {
        var (firstStep, firstTime) = await PlaceAsync(client);
        await Task.Delay(_window);
        var (lastStep, lastTime) = await PlaceAsync(client);
        return (lastStep - firstStep) / (lastTime - firstTime);
    }

    // What a page that comes now is told first, once there is a step.
    private static async Task<(int Step, double Elapsed)> PlaceAsync(HttpClient client)
    {
        await using var events = await client.GetStreamAsync("/api/train/events");
        using var reader = new StreamReader(events);
        while (true)
        {
            if (await reader.ReadLineAsync() is { } line && line.StartsWith("data: ", StringComparison.Ordinal))
            {
                using var update = JsonDocument.Parse(line["data: ".Length..]);
                var progress = update.RootElement.GetProperty("progress");
                if (progress.ValueKind == JsonValueKind.Object)
                {
                    return (progress.GetProperty("step").GetInt32(), progress.GetProperty("elapsed").GetDouble());
                }
            }
        }
    }
}
