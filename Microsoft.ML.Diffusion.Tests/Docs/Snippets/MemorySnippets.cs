using System.Collections.Concurrent;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Transforms.Image;

namespace DocumentationSnippets;

/// <summary>docs/memory.md.</summary>
[TestClass]
[DoNotParallelize]
public sealed class MemorySnippets : SnippetRun
{
    [TestMethod]
    public void PredictionEngine_ThatDoesNotOwnTheModel_LeavesItAlive()
    {
        var mlContext = new MLContext(seed: 1);
        using var model = TinyModel.Train(mlContext: mlContext);
        using var image = Pictures.Bars(3);

        #region snippet
        var options = new PredictionEngineOptions { OwnsTransformer = false }; // the model stays, and stays yours to dispose
        using (var engine = mlContext.Model.CreatePredictionEngine<Picture, Drawn>(model, options))
        {
            using var drawn = engine.Predict(new Picture { Image = image }).Generated;
        }

        var more = model.Generate(4);
        #endregion

        Assert.HasCount(4, more);
        mlContext.Model.CreatePredictionEngine<Picture, Drawn>(model).Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => model.Generate(1), "an engine owns its transformer unless it is told otherwise");
    }

    [TestMethod]
    public void PredictionEngines_OfAPool_GiveEachSeedItsImageOnAnyThread()
    {
        var mlContext = new MLContext(seed: 1);
        using var model = TinyModel.Train(mlContext: mlContext);
        var expected = Pictures.Digests(model.Generate(8));

        #region snippet
        using DiffusionTransformer seeded = model.WithColumns(new OutputColumnOptions(), seedColumnName: "Seed");
        var engines = new ConcurrentBag<PredictionEngine<Wish, Drawn>>();

        MLImage Draw(int seed)
        {
            var engine = engines.TryTake(out var idle)
                ? idle
                : mlContext.Model.CreatePredictionEngine<Wish, Drawn>(seeded, new PredictionEngineOptions { OwnsTransformer = false });
            try
            {
                return engine.Predict(new Wish { Seed = seed }).Generated!; // yours to dispose
            }
            finally
            {
                engines.Add(engine);
            }
        }
        #endregion

        var images = new string[64];
        Parallel.For(0, images.Length, new ParallelOptions { MaxDegreeOfParallelism = 4 }, i => images[i] = Pictures.Digest([Draw(i % 8)]));

        CollectionAssert.AreEqual(Enumerable.Range(0, images.Length).Select(i => expected[i % 8]).ToArray(), images);
        Assert.IsLessThanOrEqualTo(4, engines.Count, "engines go back to the pool");
        foreach (var engine in engines)
        {
            engine.Dispose();
        }

        model.Generate(1)[0].Dispose(); // still there
    }

    private sealed class Wish
    {
        public int Seed { get; set; }
    }

    private sealed class Picture
    {
        [ImageType(Pictures.Side, Pictures.Side)]
        public MLImage? Image { get; set; }
    }

    private sealed class Drawn
    {
        [ImageType(Pictures.Side, Pictures.Side)]
        public MLImage? Generated { get; set; }
    }
}
