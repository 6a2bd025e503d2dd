using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Planning;

namespace Microsoft.ML.Diffusion.Tests.Planning;

[TestClass]
public sealed class PlanTextTests
{
    [TestMethod]
    public void ThePlanIsToldWithNumbers()
    {
        var network = new UNetOptions
        {
            BaseChannels = 16,
            ChannelMultipliers = [1, 2, 4, 8],
            NumberOfResidualBlocks = 1,
            NumberOfNormalizationGroups = 16,
            AttentionResolutions = [],
            Dropout = 0,
        };
        var facts = new PlanFacts(new ImageShape(3, 32, 32), 1906, 9, false, TimeSpan.FromMinutes(8));
        var duration = TimeSpan.FromSeconds(460);
        var planned =
            new PlannedOptions(network, PredictionType.Sample, 5, 32, 2e-3, 200, 0.99, 0.1, false, duration, facts.Budget, 0.1);
        Assert.AreEqual(
            """
            Plan for 00:08:00 of training:
              images    1,906 of 32x32, in colour, 9 classes; 191 of them are held out to judge by
              network   U-Net (16 x [1, 2, 4, 8] channels, 1 block a level, attention in the middle alone), 2,489,843 weights
              training  320 images/s measured: about 4,600 steps of 32, each image 86 times
              learning  x_0, weighted by min(SNR, 5); rate 0.002 after 200 steps of warm-up, beta_2 0.99, average of weights over 100 steps
              sampler   SDE-DPM-Solver++(2M), 20 karras steps, x_0 clipped to [-1, 1]
              result    enough for shapes and colours that one can recognize (in drawings: photographs take far longer); for detail, give it about 40 minutes
            """,
            PlanText.Of(facts, planned, planned.ApplyTo(new DiffusionOptions())));

        var (card, ofCard) = (facts with { OnCard = true }, planned with { BatchSize = 128 });
        StringAssert.Contains(
            PlanText.Of(card, ofCard, ofCard.ApplyTo(new DiffusionOptions())),
            "for detail, give it about 40 minutes",
            "as many steps show as much, with larger batches, too");

        var often = planned with { Augments = true };
        StringAssert.Contains(
            PlanText.Of(facts with { Images = 100 }, often, often.ApplyTo(new DiffusionOptions())),
            "each image 1,636 times, each time changed a little");

        var other = planned.ApplyTo(new DiffusionOptions()) with { Prediction = PredictionType.VPrediction };
        other = other with
        {
            Network = other.Network with { Dropout = 0.1 },
            Training = other.Training with { MinimumSnrGamma = null, Validation = new() },
        };
        var text = PlanText.Of(facts with { Images = 1 }, planned, other);
        StringAssert.Contains(text, "1 of 32x32, in colour, 9 classes\n");
        StringAssert.Contains(text, "learning  v; rate 0.002 after 200 steps of warm-up, beta_2 0.99, average of weights over 100 steps, dropout 0.1");
        StringAssert.Contains(
            PlanText.Of(facts, planned, (planned with { MinimumSnrGamma = 1, MinimumSnrPower = 0.5 }).ApplyTo(new DiffusionOptions())),
            "learning  x_0, weighted by min(SNR, 1)^0.5; rate");
    }

    [TestMethod]
    [DataRow(1, "enough for noise and blots; for rough shapes in the right colours, give it about 2 minutes")]
    [DataRow(1_000, "enough for rough shapes in the right colours; for shapes and colours that one can recognize, give it about 50 minutes")]
    [DataRow(1_000_000, "enough for detail (in drawings: photographs take far longer)")]
    public void MoreTimeShowsMore(int seconds, string text) =>
        Assert.AreEqual(text, Expectation.Of(1.6e11 * (seconds == 1_000 ? 0.15 : 1), TimeSpan.FromSeconds(seconds), 1024));

    [TestMethod]
    [DataRow(0.2, "1 second")]
    [DataRow(42, "45 seconds")]
    [DataRow(100, "2 minutes")]
    [DataRow(2_400, "40 minutes")]
    [DataRow(20_000, "6 hours")]
    [DataRow(500_000, "6 days")]
    public void TimesAreRounded(double seconds, string text) => Assert.AreEqual(text, Expectation.Rounded(seconds));
}
