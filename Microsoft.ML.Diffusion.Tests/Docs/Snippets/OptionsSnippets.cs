using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion;

namespace DocumentationSnippets;

/// <summary>docs/options.md.</summary>
[TestClass]
[DoNotParallelize]
public sealed class OptionsSnippets : SnippetRun
{
    [TestMethod]
    public void Generate_WithOptions_Draws()
    {
        using var model = TrainTinyModel(new MLContext(seed: 1)).Model;

        #region snippet
        MLImage[] images = model.Generate(16, new GenerationOptions
        {
            Sampler = new DdimSampler(steps: 20, eta: 0.2) { Timesteps = TimestepSubset.Quadratic(20), Clipping = Clipping.Dynamic() },
            Seed = 42,
            BatchSize = 16,
        });
        #endregion

        Assert.HasCount(16, images);
    }

    [TestMethod]
    public void Generate_WithASamplerOfOnesOwn_Draws()
    {
        using var model = TrainTinyModel(new MLContext(seed: 1)).Model;

        #region snippet
        MLImage[] images = model.Generate(16, new GenerationOptions { Sampler = new MidpointSampler(10) });
        #endregion

        Assert.HasCount(16, images);
    }

    [TestMethod]
    public void Distill_AModel_IsOneOfFewSteps()
    {
        var mlContext = new MLContext(seed: 1);
        var (trained, rows) = TrainTinyModel(mlContext);
        using var model = trained;

        #region snippet
        using var student = mlContext.Diffusion.Distill(model, rows, new DistillationOptions
        {
            Steps = 4,
            GuidanceScale = 2,
            Training = new DistillationOptions().Training with { Duration = Shown(TimeSpan.FromMinutes(30), tested: TimeSpan.FromMilliseconds(200)) },
        });
        mlContext.Diffusion.SaveModel(student, rows.Schema, "student.zip");
        #endregion

        using var loaded = mlContext.Diffusion.LoadDiffusionModel("student.zip");
        Assert.AreEqual(new DdimSampler(4), loaded.Generation.Sampler);
    }

    [TestMethod]
    public void OptimizeSteps_OfAModel_IsSavedWithIt()
    {
        var mlContext = new MLContext(seed: 1);
        var (trained, rows) = TrainTinyModel(mlContext);
        using var model = trained;

        #region snippet
        var sampler = new UniPcSampler();
        TimestepSubset best = mlContext.Diffusion.OptimizeSteps(model, steps: Shown(8, tested: 3), new GenerationOptions { Sampler = sampler, Seed = 1 });

        using var fast = model.WithGeneration(new GenerationOptions { Sampler = sampler with { Timesteps = best } });
        mlContext.Diffusion.SaveModel(fast, rows.Schema, "fast.zip");
        #endregion

        using var loaded = mlContext.Diffusion.LoadDiffusionModel("fast.zip");
        Assert.AreEqual(best, loaded.Generation.Sampler.Timesteps);
    }

    #region snippet
    public sealed record MidpointSampler(int Steps) : Sampler(TimestepSubset.LogSnr(Steps))
    {
        public override bool IsStochastic => false;

        protected override ImageBatch TakeStep(ImageBatch x, SamplingContext context)
        {
            var (from, to, x0) = (context.AlphaBar, context.AlphaBarNext, context.PredictedOriginal);
            if (from > 0 && to < 1) // neither from pure noise nor to a clean image
            {
                var middle = 1 / (1 + (Sigma(from) * Sigma(to)));
                x0 = context.PredictOriginal(Moved(x, x0, from, middle), middle);
            }

            return Moved(x, x0, from, to);
        }

        // Along the probability flow, if the clean image were x0 all the way: DDIM's step.
        private static ImageBatch Moved(ImageBatch x, ImageBatch x0, double from, double to)
        {
            var ratio = Math.Sqrt((1 - to) / (1 - from));
            return ImageBatch.Sum((ratio, x), (Math.Sqrt(to) - (ratio * Math.Sqrt(from)), x0));
        }

        private static double Sigma(double alphaBar) => Math.Sqrt((1 - alphaBar) / alphaBar);
    }
    #endregion
}
