using Microsoft.ML;
using Microsoft.ML.Diffusion;
using Microsoft.ML.Diffusion.Tests;
using Microsoft.ML.Diffusion.Tests.Docs;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace DocumentationSnippets;

/// <summary>What "Copy as C#" gives: programs that are compiled here, word for word, and that write the images of the page.</summary>
[TestClass]
[DoNotParallelize]
[TestCategory(TestCategories.Integration)]
public sealed class PlaygroundSnippets : SnippetRun
{
    private const string Source = "Microsoft.ML.Diffusion.Tests/Docs/Snippets/PlaygroundSnippets.cs";

    // No document shows them: they have a mark of their own.
    private static readonly IReadOnlyList<Snippet> _programs =
        [.. Snippet.In(Source, CodeBlock.Read(Source).Replace("#region program", "#region snippet", StringComparison.Ordinal))];

    [TestMethod]
    public async Task Code_ModelsOwnWay_IsThisProgram()
    {
        await ExpectAsync(new { seed = 7, sampler = "ddim", steps = 50 });
        #region program
        var mlContext = new MLContext();
        using var model = mlContext.Diffusion.LoadDiffusionModel("garments.zip");
        var images = model.Generate(1, model.Generation with
        {
            Seed = 7,
        });
        images.SaveImages("images");
        #endregion
        Array.ForEach(images, image => image.Dispose());
        AssertWritten();
    }

    [TestMethod]
    public async Task Code_EverythingChosen_IsThisProgram()
    {
        await ExpectAsync(new { @class = 8, seed = long.MinValue, sampler = "ddim", steps = 3, eta = 0.25, guidance = 1.5, count = 3 });
        #region program
        var mlContext = new MLContext();
        using var model = mlContext.Diffusion.LoadDiffusionModel("garments.zip");
        var images = model.Generate(Enumerable.Repeat("T-shirt/top", 3), model.Generation with
        {
            Sampler = new DdimSampler(3, eta: 0.25),
            Seed = -9223372036854775808,
            GuidanceScale = 1.5,
        });
        images.SaveImages("images");
        #endregion
        Array.ForEach(images, image => image.Dispose());
        AssertWritten();
    }

    [TestMethod]
    public async Task Code_OneImageOfAClassByAnotherSampler_IsThisProgram()
    {
        await ExpectAsync(new { @class = 0, seed = 2, sampler = "sde-dpm-solver", steps = 4 });
        #region program
        var mlContext = new MLContext();
        using var model = mlContext.Diffusion.LoadDiffusionModel("garments.zip");
        var images = model.Generate(["Ankle boot"], model.Generation with
        {
            Sampler = new DpmSolverSampler(4, stochastic: true),
            Seed = 2,
        });
        images.SaveImages("images");
        #endregion
        Array.ForEach(images, image => image.Dispose());
        AssertWritten();
    }

    [TestMethod]
    public async Task Code_HostileNames_AreWrittenAsTexts()
    {
        const string Model = "\"; Evil(); \u202E.zip";
        HostileModel.Save(Model);
        using var playground = await PlaygroundProcess.StartAsync(Model);

        var code = (string)(await playground.PostAsync("/api/generate/code", new { @class = 1, seed = 1, sampler = "ddim", steps = 4 }))["code"]!;

        StringAssert.Contains(code, """LoadDiffusionModel("\"; Evil(); \u202E.zip");""");
        StringAssert.Contains(code, """Generate(["\"; Evil(); //\u202E\u000A"],""");
    }

    // The program for what is asked must be one of those above, and its images those of the page.
    private static async Task ExpectAsync(object query)
    {
        File.Copy(Garments.ModelPath, "garments.zip");
        using var playground = await PlaygroundProcess.StartAsync("garments.zip");
        var code = (string)(await playground.PostAsync("/api/generate/code", query))["code"]!;
        Assert.IsNull(Snippet.FaultOf(new CodeBlock("Copy as C#", 1, "csharp", code), _programs));

        var images = (await playground.EventsAsync("/api/generate", query))[^1].Data["images"]!.AsArray();
        Directory.CreateDirectory("expected");
        for (var i = 0; i < images.Count; i++)
        {
            await File.WriteAllBytesAsync($"expected/{i:D5}.png", Convert.FromBase64String((string)images[i]!));
        }
    }

    private static void AssertWritten()
    {
        var expected = Directory.GetFiles("expected");
        CollectionAssert.AreEquivalent(expected.Select(Path.GetFileName).ToList(), Directory.GetFiles("images").Select(Path.GetFileName).ToList());
        foreach (var file in expected)
        {
            CollectionAssert.AreEqual(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine("images", Path.GetFileName(file))));
        }
    }
}
