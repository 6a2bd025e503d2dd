using Microsoft.ML.Diffusion.Training;

namespace Microsoft.ML.Diffusion.Tests.Training;

/// <summary>When a run is told that it learns by heart.</summary>
[TestClass]
public sealed class MemorizationWatchTests
{
    [TestMethod]
    public void Add_ValidationRisesWhileTrainingFalls_SaysSoOnce()
    {
        double[] training = [0.5, 0.3, 0.2, 0.15, 0.12, 0.10, 0.08, 0.07, 0.06];
        double[] validation = [0.5, 0.32, 0.25, 0.26, 0.30, 0.32, 0.35, 0.4, 0.5];

        var warnings = Warnings(training, validation);

        Assert.AreEqual(
            "700: The model is learning its 20 images by heart: at step 700 the validation loss, 0.3500, is 40 % above its lowest, 0.2500 at step 300, while the training loss fell from 0.3333 to 0.1300. Train on more images or for fewer steps, about 300; or set Validation.KeepBest, which takes the weights of the lowest validation loss, and Validation.Patience, which ends the run soon after it. Augmentation, Dropout and FlipHorizontally make it later.",
            string.Join('\n', warnings));
    }

    [TestMethod]
    [DataRow("0.5 0.3 0.2 0.19 0.18 0.18 0.18 0.17", DisplayName = "falls")]
    [DataRow("0.5 0.2 0.21 0.22 0.20 0.21 0.22 0.21", DisplayName = "flat within the noise")]
    [DataRow("0.5 0.2 0.3 0.3 0.2 0.3 0.3 0.21", DisplayName = "two at a time")]
    [DataRow("0.2 0.3 NaN 0.3 0.3 0.1 0.09 0.08", DisplayName = "no number is not high")]
    public void Add_NoRise_SaysNothing(string validation) =>
        Assert.IsEmpty(Warnings([0.5, 0.4, 0.3, 0.2, 0.15, 0.12, 0.1, 0.08], [.. validation.Split(' ').Select(Number)]));

    [TestMethod]
    public void Add_TrainingRisesToo_IsAnotherFault() =>
        Assert.IsEmpty(Warnings([0.5, 0.2, 0.6, 0.7, 0.8, 0.9], [0.5, 0.2, 0.6, 0.7, 0.8, 0.9]));

    [TestMethod]
    public void Add_ReportsBetweenValidations_CountOnce() =>
        Assert.IsEmpty(Warnings([0.5, 0.4, 0.3, 0.2, 0.1, 0.1, 0.1, 0.1], [0.5, 0.2, 0.3, 0.3, 0.3, 0.3, 0.3, 0.31]));

    [TestMethod]
    public void Add_WithoutValidation_SaysNothing() => Assert.IsEmpty(Warnings([0.5, 0.1, 0.1], [null, null, null]));

    private static double Number(string text) => double.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    private static string[] Warnings(double[] training, double?[] validation)
    {
        var watch = new MemorizationWatch(20);
        return
        [
            .. training.Zip(validation)
                .Select((losses, i) => (
                    Step: (i + 1) * 100,
                    Warning: watch.Add(new TrainingProgress((i + 1) * 100, 1, 0.5, losses.First, 1e-3, 100, TimeSpan.FromSeconds(1), 0, losses.Second))))
                .Where(report => report.Warning is not null)
                .Select(report => $"{report.Step}: {report.Warning}"),
        ];
    }

    private static string[] Warnings(double[] training, double[] validation) => Warnings(training, [.. validation.Select(loss => (double?)loss)]);
}
