using System.Net;
using System.Text.Json.Nodes;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Diffusion.Tests.Processes;

namespace Microsoft.ML.Diffusion.Tests.Samples;

/// <summary>How the sample WebApi starts, is swapped, overloaded and ended: each test has a process of its own.</summary>
[TestClass]
[TestCategory(TestCategories.Integration)]
[OSCondition(OperatingSystems.Linux)]
public sealed class WebApiServiceTests
{
    private static readonly string _program = SampleProcess.Assembly("WebApi");

    [TestMethod]
    public void Start_ModelThatCannotBeUsed_EndsWithTheReason()
    {
        using var folder = new TemporaryFolder();
        var bytes = File.ReadAllBytes(Garments.ModelPath);
        bytes[bytes.Length / 2] ^= 1;
        var damaged = folder.Write("damaged.zip", bytes);

        var (exitCode, error) = WebApiProcess.Run(_program, $"--Model={damaged}");
        Assert.AreEqual(1, exitCode);
        Assert.AreEqual(Refusal(damaged), error);
        Assert.AreEqual((1, $"Could not find file '{folder.File("none.zip")}'."), WebApiProcess.Run(_program, $"--Model={folder.File("none.zip")}"));
        Assert.AreEqual(
            (1, "QueueLimit must be a whole number of at least 1, but is 'many'."),
            WebApiProcess.Run(_program, "--QueueLimit=many"));
    }

    [TestMethod]
    public async Task Swap_FilesAtThePath_AreServedIfTheyAreModels()
    {
        using var folder = new TemporaryFolder();
        var (served, other) = (folder.File("served.zip"), folder.File("other.zip"));
        File.Copy(Garments.ModelPath, served);
        using (var trained = TinyModel.Train(TinyModel.Labelled))
        {
            new MLContext().Diffusion.SaveModel(trained, null, other);
        }

        using var model = new MLContext().Diffusion.LoadDiffusionModel(other);
        using var service = await WebApiProcess.StartAsync(_program, $"--Model={served}", "--WatchMilliseconds=20");
        const string Address = "/images?seed=1&steps=1";
        using var before = await service.Client.GetAsync(Address);

        await File.WriteAllBytesAsync(served, [1, 2, 3]);
        var health = await service.WaitForAsync(health => health["lastFault"]!.GetValue<string>().Length > 0);
        var refusal = Refusal(served);
        StringAssert.EndsWith(health["lastFault"]!.GetValue<string>(), refusal);
        Assert.AreEqual("Healthy", health["status"]!.GetValue<string>());
        using var stillBefore = await service.Client.GetAsync(Address);
        Assert.AreEqual(before.Headers.ETag, stillBefore.Headers.ETag);

        File.Delete(served);
        await service.WaitForAsync(health => health["lastFault"]!.GetValue<string>().EndsWith($"Could not find file '{served}'.", StringComparison.Ordinal));

        File.Copy(other, served);
        await service.WaitForAsync(health => health["digest"]!.GetValue<string>() == model.Digest);
        using var after = await service.Client.GetAsync(Address);
        Assert.AreNotEqual(before.Headers.ETag, after.Headers.ETag);
        using var expected = model.Generate(1, new GenerationOptions { Seed = 1, Sampler = new DdimSampler(1) })[0];
        CollectionAssert.AreEqual(expected.ToPng(), await after.Content.ReadAsByteArrayAsync());
        Assert.AreSequenceEqual(
            model.ClassNames,
            JsonNode.Parse(await service.Client.GetStringAsync("/classes"))!.AsArray().Select(name => name!.GetValue<string>()));
        var output = service.Stop();
        StringAssert.Contains(output, $"The old model goes on: {refusal}");
        StringAssert.Contains(output, $"Serves another model, {model.Digest}: {model}");
    }

    [TestMethod]
    public async Task Queue_Full_IsTooBusyUntilSomebodyGoesAway()
    {
        using var service = await WebApiProcess.StartAsync(_program, "--QueueLimit=16", "--MaximumSteps=1000");
        using var runs = new CancellationTokenSource();
        using var waits = new CancellationTokenSource();
        _ = await service.Client.GetByteArrayAsync("/images/Bag?steps=1"); // the next one begins sooner
        var running = service.Client.GetAsync("/images/Bag?steps=1000&guidance=2", runs.Token);
        await Task.Delay(500); // until it runs
        var waiting = service.Client.GetAsync("/images/Bag?steps=999&guidance=2&count=16", waits.Token);
        var health = await service.WaitForAsync(health => health["waiting"]!.GetValue<int>() == 16);

        Assert.AreEqual("Unhealthy", health["status"]!.GetValue<string>());
        Assert.AreEqual("Healthy", await service.Client.GetStringAsync("/health/live"));
        using var refused = await service.Client.GetAsync("/images/Coat?seed=1");
        Assert.AreEqual(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.IsGreaterThanOrEqualTo(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter!.Delta!.Value);
        var problem = JsonNode.Parse(await refused.Content.ReadAsStringAsync())!;
        Assert.AreEqual(503, problem["status"]!.GetValue<int>());
        Assert.MatchesRegex(
            @"^The queue is full: 16 images wait, and QueueLimit allows no more\. Ask again in [\d.]+ s, or raise QueueLimit\.$",
            problem["detail"]!.GetValue<string>());

        await waits.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => waiting);
        await service.WaitForAsync(health => health["waiting"]!.GetValue<int>() == 0);
        Assert.IsFalse(running.IsCompleted, "the other goes on");
        var next = service.Client.GetAsync("/images/Coat?seed=1&steps=1");
        await runs.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => running);
        using var done = await next;
        Assert.AreEqual(HttpStatusCode.OK, done.StatusCode, "at once, since nobody waits for what ran");
        var output = service.Stop();
        StringAssert.Contains(output, "the queue is full");
        Assert.DoesNotContain("fail: WebApi", output);
        Assert.DoesNotContain("fail: Microsoft.AspNetCore", output, "clients that go are no faults");
    }

    private static string Refusal(string path) =>
        Assert.ThrowsExactly<FormatException>(() => new MLContext().Diffusion.LoadDiffusionModel(path)).Message;
}
