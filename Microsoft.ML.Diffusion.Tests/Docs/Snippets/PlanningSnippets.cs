using Microsoft.ML;
using Microsoft.ML.Diffusion;

namespace DocumentationSnippets;

/// <summary>docs/planning.md.</summary>
[TestClass]
[DoNotParallelize]
public sealed class PlanningSnippets : SnippetRun
{
    [TestMethod]
    public void Trainer_WithABudget_Plans()
    {
        WritePictures("pictures", "disc", "ring");
        var mlContext = new MLContext(seed: 1);
        var images = mlContext.Diffusion.LoadImages("pictures");
        using var progress = new ConsoleProgress(mlContext);

        #region snippet
        var trainer = mlContext.Transforms.DiffusionTrainer("Generated", "Image", Shown(TimeSpan.FromMinutes(30), tested: TimeSpan.FromSeconds(2)), options => options with
        {
            LabelColumnName = "Label",                                       // what is set here is never changed
            Training = options.Training with { Progress = progress },
        });
        #endregion

        using var model = trainer.Fit(images.Data);
        Assert.HasCount(2, model.ClassNames);
    }
}
