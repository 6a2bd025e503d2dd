using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Training;

/// <summary>Runs that learn nothing of any one image are told so, whatever the network predicts.</summary>
[TestClass]
public sealed class FailingRunTests
{
    // Bright images, each with a dark spot: who predicts x_0 and says white each time is at half of the loss of 0.
    [TestMethod]
    [DataRow(PredictionType.Sample)]
    [DataRow(PredictionType.VPrediction)]
    [DataRow(PredictionType.Epsilon)]
    public void Fit_RateFarTooHigh_IsTold(PredictionType prediction)
    {
        var said = Said(prediction, learningRate: 2);

        Assert.ContainsSingle(said);
        Assert.StartsWith("The loss does not fall: over the last 100 of 600 steps it is ", said[0]);
        Assert.IsEmpty(Said(prediction, learningRate: 2e-3));
    }

    private static string[] Said(PredictionType prediction, double learningRate)
    {
        var mlContext = new MLContext(seed: 3);
        var said = new List<string>();
        mlContext.Log += (_, e) => said.Add(e.RawMessage);
        var images = mlContext.Data.LoadFromEnumerable(
            Enumerable.Range(0, 36).Select(
                i => new Pictures.PictureRow { Image = Pictures.Grey((x, y) => (byte)(IsSpot(x - (i % 6), y - (i / 6)) ? 5 : 250)) }));
        var options = TinyModel.Options with
        {
            Prediction = prediction,
            Training = TinyModel.Options.Training with
            {
                NumberOfSteps = 1000,
                BatchSize = 16,
                LearningRate = learningRate,
                WarmupSteps = 20,
            },
        };
        using var model = mlContext.Transforms.DiffusionTrainer("Generated", "Image", options).Fit(images);

        return [.. said.Where(message => message.StartsWith("The l", StringComparison.Ordinal))];
    }

    private static bool IsSpot(int x, int y) => x is >= 0 and < 3 && y is >= 0 and < 3;
}
