using Microsoft.ML;
using Microsoft.ML.Diffusion;

namespace DocumentationSnippets;

/// <summary>docs/long-runs.md.</summary>
[TestClass]
[DoNotParallelize]
public sealed class LongRunsSnippets : SnippetRun
{
    [TestMethod]
    public void Fit_WithCheckpointsValidationAndGrids_LeavesThemAll()
    {
        WritePictures("photos");
        var mlContext = new MLContext(seed: 1);
        var train = mlContext.Diffusion.LoadImages("photos").Data;
        var validation = mlContext.Data.TakeRows(train, 4);

        #region snippet
        var trainer = mlContext.Transforms.DiffusionTrainer("Generated", "Image", new DiffusionOptions
        {
            Network = Shown(new UNetOptions(), tested: Tiny.Network),
            Training = new TrainingOptions
            {
                NumberOfEpochs = Shown(400, tested: 22),
                CheckpointDirectory = "runs/photos", // resumes by itself
                Validation = new ValidationOptions { KeepBest = true, Patience = 20 },
                SampleGrid = new SampleGridOptions { EveryFraction = 0.1, Show = (step, grid) => grid.Save($"step-{step}.png") },
                ModelFile = "photos-so-far.zip",
                Progress = new ConsoleProgress(mlContext),
            },
        });
        using var model = trainer.Fit(train, validation);
        #endregion

        Assert.HasCount(5, Directory.GetFiles(".", "step-*.png")); // the run has no more steps
        using var saved = mlContext.Diffusion.LoadDiffusionModel("photos-so-far.zip");
        Assert.AreEqual(model.Training!.Steps, saved.Training!.Steps);
        Assert.IsNotNull(model.Training!.ValidationLoss);
    }

    [TestMethod]
    public void Fit_FromAnEarlierModel_GoesOnFromItsWeights()
    {
        var mlContext = new MLContext(seed: 1);
        var (previousModel, newPictures) = TrainTinyModel(mlContext);
        var training = Tiny.Training;

        #region snippet
        var trainer = mlContext.Transforms.DiffusionTrainer("Generated", "Image", new DiffusionOptions
        {
            Network = previousModel.Network,
            Schedule = previousModel.Schedule,
            Prediction = previousModel.Prediction,
            LabelColumnName = "Label",
            Training = training with { LearningRate = 3e-4 },
        });
        using var tuned = trainer.Fit(newPictures, previousModel);
        #endregion

        Assert.AreEqual(previousModel.NumberOfParameters, tuned.NumberOfParameters);
        previousModel.Dispose();
    }
}
