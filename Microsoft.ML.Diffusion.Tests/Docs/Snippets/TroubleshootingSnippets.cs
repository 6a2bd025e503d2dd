using Microsoft.ML;
using Microsoft.ML.Diffusion;
using Microsoft.ML.Runtime;

namespace DocumentationSnippets;

/// <summary>docs/troubleshooting.md and docs/coming-from-python.md.</summary>
[TestClass]
[DoNotParallelize]
public sealed class TroubleshootingSnippets : SnippetRun
{
    [TestMethod]
    public void Log_OfARun_IsPrinted()
    {
        var (mlContext, output) = (new MLContext(seed: 1), new StringWriter());
        var before = Console.Out;
        Console.SetOut(output);
        try
        {
            #region snippet
            mlContext.Log += (_, entry) =>
            {
                if (entry.Kind >= ChannelMessageKind.Info)
                {
                    Console.WriteLine(entry.Message);
                }
            };
            #endregion

            TrainTinyModel(mlContext).Model.Dispose();
        }
        finally
        {
            Console.SetOut(before);
        }

        StringAssert.Contains(output.ToString(), "images/s");
    }

    [TestMethod]
    public void DiffusersUsualChoices_AreOptionsOfATrainer()
    {
        #region snippet
        var options = new DiffusionOptions
        {
            Schedule = NoiseSchedule.Linear(),
            Prediction = PredictionType.Epsilon,
            Network = new UNetOptions
            {
                BaseChannels = 128,
                ChannelMultipliers = [1, 1, 2, 2, 4, 4],
                AttentionResolutions = [4],
                AttentionHeadDimension = 8,
                Dropout = 0,
                Details = new UNetDetails { NormalizationEpsilon = 1e-5, CosinesFirst = true, FrequencyShift = 0, DownsamplePadding = 1 },
            },
            Training = new TrainingOptions
            {
                BatchSize = 16,
                NumberOfEpochs = 100,
                LearningRate = 1e-4,
                WarmupSteps = 500,
                WeightDecay = 1e-6,
                CheckpointDirectory = "ddpm-model-64",
                CheckpointEverySteps = 500,
            },
            Generation = new GenerationOptions { Sampler = new DdpmSampler(1000) },
        };
        #endregion

        var mlContext = new MLContext(seed: 1);
        WritePictures("photos");
        var tiny = options with { Network = Tiny.Network, Training = options.Training with { NumberOfEpochs = 2 } };
        using var model = mlContext.Transforms.DiffusionTrainer("Generated", "Image", tiny).Fit(mlContext.Diffusion.LoadImages("photos").Data);
        Assert.AreEqual("DDPM, 1000 trailing steps, FixedSmall variance, x_0 clipped to [-1, 1]", model.Generation.Sampler.ToString());
    }
}
