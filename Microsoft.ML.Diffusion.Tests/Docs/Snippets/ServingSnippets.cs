using Microsoft.Extensions.DependencyInjection;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion;

namespace DocumentationSnippets;

/// <summary>docs/serving.md.</summary>
[TestClass]
[DoNotParallelize]
public sealed class ServingSnippets : SnippetRun
{
    [TestMethod]
    public async Task Requests_ShareBatches()
    {
        var (trained, _) = TrainTinyModel(new MLContext(seed: 1));
        using (trained)
        {
            new MLContext().Diffusion.SaveModel(trained, null, "model.zip");
        }

        var name = "even";
        var gone = CancellationToken.None;

        #region snippet
        var services = new ServiceCollection();                                   // builder.Services in ASP.NET Core
        services.AddDiffusionModel("model.zip", options => options with { QueueLimit = 64 });
        await using var provider = services.BuildServiceProvider();

        var generator = provider.GetRequiredService<BatchingGenerator>();         // one for all callers
        try
        {
            using MLImage image = await generator.GenerateAsync(new ImageRequest { ClassName = name, Seed = 7 }, gone);
            byte[] png = image.ToPng();
        }
        catch (QueueFullException full)
        {
            Console.WriteLine($"Ask again in {full.RetryAfter}.");                // HTTP's 503 with Retry-After
        }
        #endregion
    }
}
