using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Tool;

/// <summary>Whom 'diffusion serve' answers, and what it refuses.</summary>
[TestClass]
[TestCategory(TestCategories.Integration)]
public sealed class PlaygroundSafetyTests
{
    private static readonly TemporaryFolder _folder = new();

    private static PlaygroundProcess _playground = null!;

    [ClassInitialize]
    public static async Task Start(TestContext context)
    {
        HostileModel.Save(HostilePath);
        _playground = await PlaygroundProcess.StartAsync(HostilePath);
    }

    [ClassCleanup]
    public static void Stop()
    {
        _playground.Dispose();
        _folder.Dispose();
    }

    private static string HostilePath => _folder.File(OperatingSystem.IsWindows() ? "hostile.zip" : HostileModel.FileName);

    [TestMethod]
    [DataRow("/", "text/html; charset=utf-8")]
    [DataRow("/app.js", "text/javascript; charset=utf-8")]
    [DataRow("/tabs/walk.js", "text/javascript; charset=utf-8")]
    [DataRow("/style.css", "text/css; charset=utf-8")]
    [DataRow("/icon.svg", "image/svg+xml")]
    [DataRow("/api/about", "application/json")]
    [DataRow("/nothing", "application/problem+json")]
    [DataRow("/../Program.cs", "application/problem+json")]
    public async Task EveryAnswer_ForbidsWhatThePageDoesNotNeed(string address, string type)
    {
        using var answer = await _playground.Client.GetAsync(address);

        Assert.AreEqual(type, answer.Content.Headers.ContentType?.ToString());
        Assert.AreEqual(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            string.Join("", answer.Headers.GetValues("Content-Security-Policy")));
        Assert.AreEqual("nosniff", string.Join("", answer.Headers.GetValues("X-Content-Type-Options")));
        Assert.AreEqual("no-referrer", string.Join("", answer.Headers.GetValues("Referrer-Policy")));
        Assert.IsFalse(answer.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [TestMethod]
    public async Task Page_HasNoScriptOrStyleInIt_AndNamesNoOtherPlace()
    {
        foreach (var file in new[] { "", "app.js", "ask.js", "dom.js", "fields.js", "chart.js", "style.css", "tabs/generate.js", "tabs/compare.js", "tabs/walk.js", "tabs/edit.js", "tabs/train.js", "tabs/learn.js" })
        {
            var text = await _playground.Client.GetStringAsync("/" + file);
            Assert.DoesNotContain("://", text.Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal), file);
            Assert.DoesNotContain("innerHTML", text, file);
            Assert.DoesNotContain("eval(", text, file);
            Assert.IsFalse(file.Length == 0 && (text.Contains("style=", StringComparison.Ordinal) || text.Contains("onclick", StringComparison.Ordinal)));
        }
    }

    [TestMethod]
    public async Task Names_ThatAreScripts_AreOnlyData()
    {
        var text = await _playground.Client.GetStringAsync("/api/about");

        var model = JsonNode.Parse(text)!["models"]![0]!;
        Assert.AreEqual(Path.GetFileName(HostilePath), (string)model["name"]!);
        CollectionAssert.AreEquivalent(HostileModel.Classes.ToArray(), model["classes"]!.AsArray().Select(name => (string)name!).ToArray());
    }

    [TestMethod]
    [DataRow("localhost", HttpStatusCode.OK)]
    [DataRow("127.0.0.1", HttpStatusCode.OK)]
    [DataRow("[::1]", HttpStatusCode.OK)]
    [DataRow("evil.example", HttpStatusCode.Forbidden)]
    [DataRow("localhost.evil.example", HttpStatusCode.Forbidden)]
    [DataRow("192.168.1.7", HttpStatusCode.Forbidden)]
    public async Task Host_ThatCouldBeSomebodyElses_IsRefused(string host, HttpStatusCode status)
    {
        foreach (var address in new[] { "/", "/api/about" })
        {
            Assert.AreEqual(status, (await SendAsync(address, request => request.Headers.Host = $"{host}:{_playground.Root.Port}")).Status);
        }
    }

    [TestMethod]
    [DataRow("Origin", "http://evil.example", HttpStatusCode.Forbidden)]
    [DataRow("Origin", "null", HttpStatusCode.Forbidden)]
    [DataRow("Origin", "http://127.0.0.1:1", HttpStatusCode.Forbidden)]
    [DataRow("Origin", "ROOT", HttpStatusCode.OK)]
    [DataRow("Sec-Fetch-Site", "cross-site", HttpStatusCode.Forbidden)]
    [DataRow("Sec-Fetch-Site", "same-site", HttpStatusCode.Forbidden)]
    [DataRow("Sec-Fetch-Site", "same-origin", HttpStatusCode.OK)]
    [DataRow("Sec-Fetch-Site", "none", HttpStatusCode.OK)]
    public async Task PageOfAnotherSite_IsRefused(string header, string value, HttpStatusCode status)
    {
        var (answered, detail) = await SendAsync("/api/about", request => request.Headers.Add(header, value.Replace("ROOT", _playground.Root.ToString().TrimEnd('/'), StringComparison.Ordinal)));

        Assert.AreEqual(status, answered);
        Assert.AreEqual(status == HttpStatusCode.OK ? null : "The playground answers its own page only, not that of another site.", detail);
    }

    [TestMethod]
    [DataRow("/api/generate", """{"count":17}""", "count must be from 1 to 16, because a page shows so many, but is 17.")]
    [DataRow("/api/generate", """{"count":0}""", "count must be from 1 to 16, because a page shows so many, but is 0.")]
    [DataRow("/api/generate", """{"steps":1001}""", "steps must be from 1 to 1000, but is 1001.")]
    [DataRow("/api/generate", """{"steps":1000,"count":16,"class":0,"guidance":2}""", "count times steps, guided ones twice, must be at most 16000, because all pages wait for it, but is 32000.")]
    [DataRow("/api/generate", """{"model":1}""", "model must be from 0 to 0, but is 1.")]
    [DataRow("/api/generate", """{"class":4}""", "class must be from 0 to 3, but is 4.")]
    [DataRow("/api/generate", """{"guidance":-1}""", "guidance must be from 0 to 20, but is -1.")]
    [DataRow("/api/generate", """{"guidance":"NaN"}""", "guidance must be from 0 to 20, but is NaN.")]
    [DataRow("/api/generate", """{"sampler":"ddim","eta":2}""", "eta must be in [0, 1], because it scales the noise from none (DDIM) to that of DDPM.")]
    [DataRow("/api/generate", """{"sampler":"heun","eta":1}""", "eta must be 0 with the sampler heun, because it scales the noise that ddim draws.")]
    [DataRow("/api/generate", """{"sampler":"<script>"}""", "sampler must be own, ddim, ddpm, dpm-solver, sde-dpm-solver, unipc, heun or euler, but is '<script>'.")]
    [DataRow("/api/generate", """{"secret":1}""", null)]
    [DataRow("/api/generate", "{\"seed\":", null)]
    [DataRow("/api/generate", """null""", "The request must be a JSON object, but is null.")]
    [DataRow("/api/compare", """{"samplers":[],"steps":[1]}""", "models, samplers and steps must each name at least one, because a matrix has no empty side.")]
    [DataRow("/api/compare", """{"samplers":[null],"steps":[1]}""", "models, samplers and steps must each name at least one, because a matrix has no empty side.")]
    [DataRow("/api/walk", """{"corner":null}""", null)]
    [DataRow("/api/walk", """{"corner":[null,null,null,null],"points":[[0,0]]}""", "Each corner must have either a seed or an image.")]
    [DataRow("/api/walk", """{"corner":[{"seed":1},{"seed":1},{"seed":1},{"seed":1}],"points":[null]}""", "Each place must have two numbers from 0 to 1: how far to the right, and how far down.")]
    [DataRow("/api/walk", """{"corner":[{"seed":1},{"seed":1},{"seed":1},{"image":"?"}],"points":[[0,0]]}""", null)]
    [DataRow("/api/walk", """{"corner":[{"seed":1},{"seed":1},{"seed":1},{"image":"AAAA"}],"points":[[0,0]]}""", "The image that was sent cannot be used: its content is not that of an image (PNG, JPEG, WebP, GIF, BMP, TIFF, PBM, PGM, PPM or TGA).")]
    [DataRow("/api/compare", """{"samplers":["heun"],"steps":[1000,999,998]}""", "The network calls of all images must be at most 4000, because all pages wait for them, but are 5991. Take fewer steps.")]
    [DataRow("/api/walk", """{"corner":[{"seed":1}],"points":[[0,0]]}""", "corner must hold 4 corners, but holds 1.")]
    [DataRow("/api/walk", """{"corner":[{"seed":1},{"seed":1},{"seed":1},{}],"points":[[0,0]]}""", "Each corner must have either a seed or an image.")]
    [DataRow("/api/walk", """{"corner":[{"seed":1},{"seed":1},{"seed":1},{"seed":1}],"points":[[0,1.5]]}""", "Each place must have two numbers from 0 to 1: how far to the right, and how far down.")]
    [DataRow("/api/walk", """{"corner":[{"seed":1},{"seed":1},{"seed":1},{"seed":1}],"points":[]}""", "points must hold from 1 to 64 places, but holds 0.")]
    [DataRow("/api/walk", """{"corner":[{"seed":1},{"seed":1},{"seed":1},{"seed":1}],"points":[[0,0]],"path":"round"}""", "path must be slerp, along the sphere, or lerp, in a straight line.")]
    public async Task BadRequest_IsAProblemThatSaysWhatMustHold(string address, string body, string? detail)
    {
        using var answer = await _playground.Client.PostAsync(address, new StringContent(body, Encoding.UTF8, "application/json"));
        var problem = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;

        Assert.AreEqual(HttpStatusCode.BadRequest, answer.StatusCode, problem.ToJsonString());
        Assert.AreEqual("application/problem+json", answer.Content.Headers.ContentType?.ToString());
        Assert.AreEqual(detail ?? (string)problem["detail"]!, (string)problem["detail"]!);
        Assert.DoesNotContain("   at ", problem.ToJsonString());
    }

    [TestMethod]
    public async Task Form_ThatAnySiteCanSend_IsNoRequest()
    {
        using var answer = await _playground.Client.PostAsync("/api/generate", new StringContent("{}", Encoding.UTF8, "text/plain"));

        Assert.AreEqual(HttpStatusCode.UnsupportedMediaType, answer.StatusCode);
    }

    [TestMethod]
    public async Task Request_ThatIsTooLarge_IsRefused()
    {
        Assert.AreEqual(HttpStatusCode.RequestEntityTooLarge, await OfferAsync("/api/walk", new StringContent("[" + new string(' ', 5 << 20), Encoding.UTF8, "application/json")));
        Assert.AreEqual(HttpStatusCode.RequestEntityTooLarge, await OfferAsync("/api/walk/image/0", new ByteArrayContent(new byte[(16 << 20) + 1])));

        // Asks first whether it may be sent: the answer comes before the connection is closed.
        static async Task<HttpStatusCode> OfferAsync(string address, HttpContent content)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = content, Headers = { ExpectContinue = true } };
            using var answer = await _playground.Client.SendAsync(request);
            return answer.StatusCode;
        }
    }

    [TestMethod]
    public async Task Queue_ThatIsFull_RefusesMore_AndGoesOnWhenPagesGo()
    {
        using var leave = new CancellationTokenSource();
        using var playground = await PlaygroundProcess.StartAsync(Garments.ModelPath);
        Task[] pages =
        [
            .. Enumerable.Range(0, 33).Select(_ => playground.Client.PostAsJsonAsync("/api/generate/gif", new { sampler = "ddim", steps = 1000, count = 16 }, leave.Token)),
        ];

        var refused = await (Task<HttpResponseMessage>)await Task.WhenAny(pages);
        Assert.AreEqual(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.AreEqual(
            "32 requests wait already, which is the most. Try again when some of them are done.",
            (string)JsonNode.Parse(await refused.Content.ReadAsStringAsync())!["detail"]!);
        await leave.CancelAsync(); // minutes of work
        await Assert.ThrowsAsync<OperationCanceledException>(() => Task.WhenAll(pages));
        var events = await playground.EventsAsync("/api/generate", new { sampler = "ddim", steps = 1 });
        Assert.AreEqual("done", events[^1].Name);
    }

    [TestMethod]
    public async Task OpenPlayground_AnswersNothingWithoutTheToken()
    {
        using var playground = await PlaygroundProcess.StartAsync(HostilePath, "--host", "0.0.0.0");
        foreach (var address in new[] { "/", "/app.js", "/style.css", "/api/about", "/nothing", "/?token=wrong" })
        {
            using var refused = await playground.Client.GetAsync(address);
            Assert.AreEqual(HttpStatusCode.Unauthorized, refused.StatusCode, address);
        }

        // The address gives the page and a cookie, which opens the page and nothing else.
        using var page = await playground.Client.GetAsync(playground.Address);
        var cookie = page.Headers.GetValues("Set-Cookie").Single();
        Assert.AreEqual(HttpStatusCode.OK, page.StatusCode);
        Assert.DoesNotContain(playground.Token, cookie);
        StringAssert.Contains(cookie, "httponly");
        Assert.AreEqual(HttpStatusCode.OK, (await SendAsync("/app.js", request => request.Headers.Add("Cookie", cookie.Split(';')[0]), playground)).Status);
        Assert.AreEqual(HttpStatusCode.Unauthorized, (await SendAsync("/api/about", request => request.Headers.Add("Cookie", cookie.Split(';')[0]), playground)).Status);
        Assert.AreEqual(HttpStatusCode.Unauthorized, (await SendAsync("/api/about", request => request.Headers.Add("X-Token", playground.Token + "x"), playground)).Status);
        Assert.AreEqual(HttpStatusCode.OK, (await SendAsync("/api/about", request => request.Headers.Add("X-Token", playground.Token), playground)).Status);
        Assert.AreEqual(HttpStatusCode.Forbidden, (await SendAsync("/api/about", request => request.Headers.Host = "evil.example", playground)).Status);

        var (_, _, error) = await playground.StopAsync();
        StringAssert.StartsWith(error, "Warning: other machines can reach this page");
    }

    [TestMethod]
    public async Task TooManyRequests_AreRefused()
    {
        using var playground = await PlaygroundProcess.StartAsync(HostilePath);

        var answers = await Task.WhenAll(Enumerable.Range(0, 400).Select(_ => playground.Client.GetAsync("/icon.svg")));

        Assert.IsTrue(answers.Any(answer => answer.StatusCode == HttpStatusCode.TooManyRequests));
        Assert.IsGreaterThanOrEqualTo(200, answers.Count(answer => answer.StatusCode == HttpStatusCode.OK));
    }

    private static async Task<(HttpStatusCode Status, string? Detail)> SendAsync(string address, Action<HttpRequestMessage> change, PlaygroundProcess? playground = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        change(request);
        using var answer = await (playground ?? _playground).Client.SendAsync(request);
        return (answer.StatusCode, answer.IsSuccessStatusCode ? null : (string?)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["detail"]);
    }
}
