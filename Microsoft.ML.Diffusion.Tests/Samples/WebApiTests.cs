using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Diffusion.Tests.Processes;

namespace Microsoft.ML.Diffusion.Tests.Samples;

/// <summary>What the sample WebApi answers, asked over HTTP.</summary>
[TestClass]
[TestCategory(TestCategories.Integration)]
public sealed class WebApiTests
{
    private const string Classes =
        "class must be among the names that the model was trained with: Ankle boot, Bag, Coat, Dress, Pullover, Sandal, Shirt, Sneaker, T-shirt/top, Trouser.";

    private static readonly DiffusionTransformer _model = new MLContext().Diffusion.LoadDiffusionModel(Garments.ModelPath);

    private static WebApiProcess _service = null!;

    [ClassInitialize]
    public static async Task Start(TestContext context) => _service = await WebApiProcess.StartAsync(SampleProcess.Assembly("WebApi"));

    [ClassCleanup]
    public static void Stop()
    {
        _service.Dispose();
        _model.Dispose();
    }

    [TestMethod]
    public async Task Image_OfASeed_IsTheLibrarysAndMayBeKept()
    {
        using var answer = await _service.Client.GetAsync("/images/Bag?seed=7&steps=2&guidance=1.5");

        Assert.AreEqual(HttpStatusCode.OK, answer.StatusCode);
        Assert.AreEqual("image/png", answer.Content.Headers.ContentType?.ToString());
        Assert.AreEqual("public, no-cache", answer.Headers.CacheControl?.ToString());
        Assert.AreEqual("/images/Bag?seed=7&steps=2&guidance=1.5", answer.Content.Headers.ContentLocation?.ToString());
        Assert.IsFalse(answer.Headers.ETag!.IsWeak);
        CollectionAssert.AreEqual(
            Expected("Bag", new GenerationOptions { Seed = 7, Sampler = new DdimSampler(2), GuidanceScale = 1.5 }),
            await answer.Content.ReadAsByteArrayAsync());
    }

    [TestMethod]
    public async Task Image_WithoutSeed_SaysWhereItIsToBeHadAgain()
    {
        using var answer = await _service.Client.GetAsync("/images/dress?steps=1");
        var again = answer.Content.Headers.ContentLocation!.ToString();

        Assert.AreEqual("no-store", answer.Headers.CacheControl?.ToString());
        Assert.IsNull(answer.Headers.ETag);
        Assert.MatchesRegex("^/images/Dress\\?seed=[0-9]{1,10}&steps=1$", again);
        CollectionAssert.AreEqual(await answer.Content.ReadAsByteArrayAsync(), await _service.Client.GetByteArrayAsync(again));
        using var other = await _service.Client.GetAsync("/images/dress?steps=1");
        Assert.AreNotEqual(again, other.Content.Headers.ContentLocation!.ToString(), "another seed");
    }

    [TestMethod]
    [DataRow("/images/T-shirt/top?seed=3&steps=1")]
    [DataRow("/images/t-shirt%2Ftop?seed=3&steps=1")]
    [DataRow("/images/T-SHIRT%2ftop?STEPS=1&SEED=3")]
    public async Task Image_ClassWithASlash_IsFoundInAnySpelling(string address) => CollectionAssert.AreEqual(
        Expected("T-shirt/top", new GenerationOptions { Seed = 3, Sampler = new DdimSampler(1) }),
        await _service.Client.GetByteArrayAsync(address));

    [TestMethod]
    public async Task Image_WithoutClass_IsOfNone()
    {
        using var expected = _model.Generate(1, new GenerationOptions { Seed = -5, Sampler = new DdimSampler(1) })[0];

        CollectionAssert.AreEqual(expected.ToPng(), await _service.Client.GetByteArrayAsync("/images?seed=-5&steps=1"));
    }

    [TestMethod]
    public async Task Image_NothingGiven_IsTheModelsOwnWay()
    {
        CollectionAssert.AreEqual(
            Expected("Coat", _model.Generation with { Seed = 2 }),
            await _service.Client.GetByteArrayAsync("/images/Coat?seed=2"));
    }

    [TestMethod]
    public async Task Image_Count_IsAGridOfTheSeedsThatFollow()
    {
        MLImage[] images =
        [
            .. Enumerable.Range(5, 3).Select(seed =>
                _model.Generate(["Bag"], new GenerationOptions { Seed = seed, Sampler = new DdimSampler(1) })[0]),
        ];
        using var grid = ImageGrid.Create(images, columns: 2);

        CollectionAssert.AreEqual(grid.ToPng(), await _service.Client.GetByteArrayAsync("/images/Bag?seed=5&steps=1&count=3"));
    }

    [TestMethod]
    public async Task Image_KnownToTheClient_IsNotGeneratedAgain()
    {
        const string Address = "/images/Bag?seed=1&steps=1";
        using var first = await _service.Client.GetAsync(Address);
        var tag = first.Headers.ETag!;

        foreach (var known in (EntityTagHeaderValue[])[tag, new(tag.Tag, isWeak: true), EntityTagHeaderValue.Any])
        {
            using var answer = await AskAsync(Address, known);
            Assert.AreEqual(HttpStatusCode.NotModified, answer.StatusCode);
            Assert.AreEqual(tag, answer.Headers.ETag);
            Assert.AreEqual(first.Headers.CacheControl, answer.Headers.CacheControl);
            Assert.IsEmpty(await answer.Content.ReadAsByteArrayAsync());
        }

        foreach (var other in (string[])["/images/Bag?seed=2&steps=1", "/images/Coat?seed=1&steps=1", "/images/Bag?seed=1&steps=2", "/images/Bag?seed=1&steps=1&guidance=2", "/images/Bag?seed=1&steps=1&count=2"])
        {
            using var answer = await AskAsync(other, tag);
            Assert.AreEqual(HttpStatusCode.OK, answer.StatusCode, other);
            Assert.AreNotEqual(tag, answer.Headers.ETag);
        }
    }

    [TestMethod]
    [DataRow("/images/Bga", Classes + " Did you mean 'Bag'?")]
    [DataRow("/images/hat%0A", Classes)]
    [DataRow("/images/Bag?step=3", "There is no parameter 'step', only seed, steps, guidance, count. Did you mean 'steps'?")]
    [DataRow("/images/Bag?seed=", "seed must be a whole number from -9223372036854775808 to 9223372036854775807, but is ''. Leave it out for a random one.")]
    [DataRow("/images/Bag?seed=9223372036854775808", "seed must be a whole number from -9223372036854775808 to 9223372036854775807, but is '9223372036854775808'. Leave it out for a random one.")]
    [DataRow("/images/Bag?seed=1&seed=2", "seed must be given once, but is given 2 times.")]
    [DataRow("/images/Bag?steps=0", "steps must be a whole number from 1 to 100, but is '0'. Leave it out for the model's own number.")]
    [DataRow("/images/Bag?steps=101", "steps must be a whole number from 1 to 100, but is '101'. Leave it out for the model's own number.")]
    [DataRow("/images/Bag?steps=4294967297", "steps must be a whole number from 1 to 100, but is '4294967297'. Leave it out for the model's own number.")]
    [DataRow("/images/Bag?guidance=NaN", "guidance must be a number from 0 to 20, but is 'NaN'. 1 follows the class, more exaggerates it and takes twice as long.")]
    [DataRow("/images/Bag?guidance=1,5", "guidance must be a number from 0 to 20, but is '1,5'. 1 follows the class, more exaggerates it and takes twice as long.")]
    [DataRow("/images/Bag?guidance=1e999", "guidance must be a number from 0 to 20, but is '1e999'. 1 follows the class, more exaggerates it and takes twice as long.")]
    [DataRow("/images/Bag?count=17", "count must be a whole number from 1 to 16, but is '17'. Each of them takes as long as one alone.")]
    [DataRow("/images/Bag?count=0123456789012345678901234567890123456789xyz", "count must be a whole number from 1 to 16, but is '0123456789012345678901234567890123456789...'. Each of them takes as long as one alone.")]
    public async Task Image_BadInput_IsAProblem(string address, string detail)
    {
        var (status, problem) = await ProblemAsync(HttpMethod.Get, address);

        Assert.AreEqual(HttpStatusCode.BadRequest, status);
        Assert.AreEqual("https://tools.ietf.org/html/rfc9110#section-15.5.1", problem["type"]!.GetValue<string>());
        Assert.AreEqual("Bad Request", problem["title"]!.GetValue<string>());
        Assert.AreEqual(400, problem["status"]!.GetValue<int>());
        Assert.AreEqual(detail, problem["detail"]!.GetValue<string>());
    }

    [TestMethod]
    [DataRow("GET", "/pictures", HttpStatusCode.NotFound)]
    [DataRow("POST", "/images/Bag", HttpStatusCode.MethodNotAllowed)]
    [DataRow("DELETE", "/classes", HttpStatusCode.MethodNotAllowed)]
    public async Task Address_ThatIsNot_IsAProblem(string method, string address, HttpStatusCode expected)
    {
        var (status, problem) = await ProblemAsync(new HttpMethod(method), address);

        Assert.AreEqual(expected, status);
        Assert.AreEqual((int)expected, problem["status"]!.GetValue<int>());
    }

    [TestMethod]
    public async Task Address_ThatIsLong_IsRefusedUnread()
    {
        using var answer = await _service.Client.GetAsync($"/images/Bag?seed={new string('1', 3000)}");

        Assert.AreEqual(HttpStatusCode.RequestUriTooLong, answer.StatusCode);
    }

    [TestMethod]
    public async Task Classes_AreThoseOfTheModel()
    {
        var classes = JsonNode.Parse(await _service.Client.GetStringAsync("/classes"))!.AsArray();

        Assert.AreSequenceEqual(_model.ClassNames, classes.Select(name => name!.GetValue<string>()));
    }

    [TestMethod]
    public async Task Health_ServiceThatRests_IsReady()
    {
        var health = await _service.WaitForAsync(health => health["waiting"]!.GetValue<int>() == 0);

        Assert.AreEqual(
            $$"""{"status":"Healthy","model":"{{_model}}","digest":"{{_model.Digest}}","waiting":0,"queueLimit":128,"lastFault":""}""",
            health.ToJsonString());
        Assert.AreEqual("Healthy", await _service.Client.GetStringAsync("/health/live"));
    }

    private static byte[] Expected(string className, GenerationOptions options)
    {
        using var image = _model.Generate([className], options)[0];
        return image.ToPng();
    }

    private static async Task<HttpResponseMessage> AskAsync(string address, EntityTagHeaderValue known)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.IfNoneMatch.Add(known);
        return await _service.Client.SendAsync(request);
    }

    private static async Task<(HttpStatusCode Status, JsonNode Problem)> ProblemAsync(HttpMethod method, string address)
    {
        using var request = new HttpRequestMessage(method, address);
        using var answer = await _service.Client.SendAsync(request);
        Assert.AreEqual("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        return (answer.StatusCode, JsonNode.Parse(Encoding.UTF8.GetString(await answer.Content.ReadAsByteArrayAsync()))!);
    }
}
