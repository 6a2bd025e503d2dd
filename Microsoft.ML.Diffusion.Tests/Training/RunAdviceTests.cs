using Microsoft.ML.Diffusion.Training;

namespace Microsoft.ML.Diffusion.Tests.Training;

/// <summary>What is said of which runs, word for word, and that nothing is said of others.</summary>
[TestClass]
public sealed class RunAdviceTests
{
    private static readonly TrainingOptions _minutes = new() { Duration = TimeSpan.FromMinutes(8) };

    [TestMethod]
    public void Start_FewImages_SaysWhichBatch() => Assert.AreSequenceEqual(
        ["There are fewer images (20) than BatchSize (64), so that each step sees the same ones again and takes the time of 64. Set BatchSize to 20 or less: there are more steps in the same time."],
        Of(new() { NumberOfSteps = 5000 }, images: 20));

    [TestMethod]
    public void Start_RunWithinItsWarmup_SaysWhatToLower()
    {
        Assert.AreSequenceEqual(
            ["Of the 208 steps of this run, 200 are its warm-up, in which the learning rate is low: it learns next to nothing. Set WarmupSteps to 20. The run is too short besides: raise NumberOfSteps."],
            Of(new() { NumberOfSteps = 208 }));
        Assert.AreSequenceEqual(
            ["Of the 2000 steps of this run, 1000 are its warm-up, in which the learning rate is low: it learns next to nothing. Set WarmupSteps to 200."],
            Of(new() { NumberOfSteps = 2000, WarmupSteps = 1000 }));
        Assert.AreSequenceEqual(
            ["Of the 150 steps of this run, 150 are its warm-up, in which the learning rate is low: it learns next to nothing. Set WarmupSteps to 15."],
            Of(new() { NumberOfSteps = 150 }, isFineTuned: true));
    }

    [TestMethod]
    public void Start_ShortRun_NamesItsBudget()
    {
        Assert.AreSequenceEqual(
            ["This run has 999 steps, and less than 1000 seldom suffice for images that one recognizes: raise NumberOfSteps."],
            Of(new() { NumberOfSteps = 999 }));
        Assert.AreSequenceEqual(
            ["This run has 500 steps, and less than 1000 seldom suffice for images that one recognizes: raise NumberOfEpochs, or lower BatchSize."],
            Of(new() { NumberOfEpochs = 32 }));
        Assert.AreSequenceEqual(
            ["This run has 500 steps, and less than 1000 seldom suffice for images that one recognizes: raise NumberOfImages, or lower BatchSize."],
            Of(new() { NumberOfImages = 32_000, NumberOfEpochs = 64 }));
    }

    [TestMethod]
    public void Step_RunOfMinutes_IsJudgedOnceItsSpeedIsKnown()
    {
        var said = new List<string>();
        var advice = Advice(_minutes, said);
        advice.Start(0, TimeSpan.Zero, null);
        for (var step = 1; step <= 208; step++)
        {
            var elapsed = TimeSpan.FromMinutes(8 * step / 208.0);
            advice.Step(0.5, 1e-4, elapsed / _minutes.Duration!.Value, elapsed, isTimed: true);
            Assert.HasCount(step < 11 ? 0 : 1, said, $"step {step}");
        }

        advice.End(isTimed: true);

        const string Text =
            " steps of this run, 200 are its warm-up, in which the learning rate is low: it learns next to nothing. Set WarmupSteps to 20. The run is too short besides: raise Duration, or lower BatchSize or Network.BaseChannels, which makes steps faster.";
        Assert.AreSequenceEqual(["Of the about 210" + Text, "Of the 208" + Text], said);
    }

    [TestMethod]
    [DataRow(3.0, 8, DisplayName = "after five percent of the time, though there were few steps")]
    [DataRow(0.01, 501, DisplayName = "after five seconds, though there were many steps")]
    public void Step_Speed_IsKnownInTime(double secondsOfAStep, int known)
    {
        var said = new List<string>();
        var advice = Advice(_minutes with { WarmupSteps = 1_000_000 }, said);
        advice.Start(100, TimeSpan.FromSeconds(40), null); // resumed
        var steps = 0;
        while (said.Count == 0)
        {
            var elapsed = TimeSpan.FromSeconds(40 + (++steps * secondsOfAStep));
            advice.Step(0.5, 1e-4, elapsed / _minutes.Duration!.Value, elapsed, isTimed: true);
        }

        Assert.IsInRange(known - 1, known, steps);
    }

    [TestMethod]
    public void Step_LossOfTheMeanImage_SaysWhatToLookAt() => Assert.AreSequenceEqual(
        ["The loss does not fall: over the last 50 of 700 steps it is 0.8, and that of a network that says the same of all images is 0.7. Set LearningRate (1E-07) to between 1E-4 and 2E-3; if it is there, look at the images: of noise nothing can be learned."],
        Of(new() { NumberOfSteps = 5000, LearningRate = 1e-7 }, loss: _ => 0.8));

    [TestMethod]
    public void Skipped_StepsWithoutEffect_SaysWhatToLower() => Assert.AreEqual(
        "3 of the last steps were skipped, because their loss or gradient was not a finite number. If it goes on, lower LearningRate, or raise WarmupSteps.",
        AdviceTexts.Skipped(3).ToString());

    [TestMethod]
    public void Step_ShortRunOfMinutes_SaysToGiveItMore()
    {
        var said = new List<string>();
        var advice = Advice(_minutes with { WarmupSteps = 20 }, said);
        advice.Start(0, TimeSpan.Zero, null);
        for (var step = 1; step <= 480; step++)
        {
            var elapsed = TimeSpan.FromSeconds(step);
            advice.Step(0.2, 1e-4, elapsed / _minutes.Duration!.Value, elapsed, isTimed: true);
        }

        advice.End(isTimed: true);

        const string Text =
            " steps, and less than 1000 seldom suffice for images that one recognizes: raise Duration, or lower BatchSize or Network.BaseChannels, which makes steps faster.";
        Assert.AreSequenceEqual(["This run has about 480" + Text, "This run has 480" + Text], said);
    }

    [TestMethod]
    public void Step_RateTooHigh_SaysWhichRate()
    {
        Assert.AreSequenceEqual(
            ["The learning rate is far too high: over the last 50 of 100 steps the loss is 1.5, and that of a network that always predicts 0 is 0.8. Stop the run and set LearningRate (0.05, now 0.0125) to 0.005 or so, or raise WarmupSteps."],
            Of(new() { NumberOfSteps = 5000, LearningRate = 0.05 }, loss: _ => 1.5));
        Assert.AreSequenceEqual(
            ["The learning rate is too high: over the last 50 of 1100 steps the loss is 0.6, and it was 0.1 before. Stop the run and set LearningRate (0.05, now 0.0125) to 0.005 or so, or raise WarmupSteps."],
            Of(new() { NumberOfSteps = 5000, LearningRate = 0.05 }, loss: step => step <= 1000 ? 0.1 : 0.6));
        Assert.AreSequenceEqual(
            ["The learning rate is too high: over the last 50 of 600 steps the loss is 0.615, and it was 0.217 before. Stop the run and set LearningRate (0.0013, now 0.000325) to 0.00065 or so, or raise WarmupSteps."],
            Of(new() { NumberOfSteps = 5000, LearningRate = 0.0013 }, loss: step => step <= 500 ? 0.217 : 0.615)); // a network of 64x64, as it was
    }

    [TestMethod]
    public void Start_ImagesSeenOftenAndNoneHeldOut_SaysWhatToSet()
    {
        Assert.AreSequenceEqual(
            ["Each of the 200 images will be seen about 1300 times, and none is held out to tell when they are learned by heart: set Validation.Share to 0.1, or set Augmentation, which makes it later."],
            Of(new() { NumberOfSteps = 4000 }, images: 200, isWatched: false));
        Assert.AreSequenceEqual(
            ["Each of the 200 images will be seen about 1300 times, though changed a little, and none is held out to tell when they are learned by heart: set Validation.Share to 0.1, or look for copies afterwards."],
            Of(new() { NumberOfSteps = 4000, Augmentation = new() }, images: 200, isWatched: false));
        Assert.IsEmpty(Of(new() { NumberOfSteps = 3600, Augmentation = new() }, images: 200, isWatched: false));
        Assert.AreSequenceEqual(
            ["Each of the 9 images will be seen about 3600 times, and none is held out to tell when they are learned by heart: set Augmentation, which makes it later."],
            Of(new() { NumberOfSteps = 4000, BatchSize = 8 }, images: 9, isWatched: false));
        Assert.HasCount(1, Of(new() { NumberOfEpochs = 300 }, isWatched: false));
        Assert.IsEmpty(Of(new() { NumberOfEpochs = 299 }, isWatched: false));
    }

    [TestMethod]
    public void Step_ImagesThatWillBeSeenOften_AreToldOfOnceItsSpeedIsKnown()
    {
        var said = new List<string>();
        var advice = Advice(_minutes with { WarmupSteps = 0 }, said, images: 100, isWatched: false);
        advice.Start(0, TimeSpan.Zero, null);
        for (var step = 1; step <= 4800; step++)
        {
            var elapsed = TimeSpan.FromSeconds(0.1 * step);
            advice.Step(0.2, 1e-4, elapsed / _minutes.Duration!.Value, elapsed, isTimed: true);
            Assert.HasCount(step < 50 ? 0 : 1, said, $"step {step}");
        }

        advice.End(isTimed: true);

        var capped = new List<string>();
        advice = Advice(_minutes with { WarmupSteps = 0, NumberOfSteps = 1_000_000 }, capped, images: 100, isWatched: false);
        advice.Start(0, TimeSpan.Zero, 1_000_000);
        Assert.IsEmpty(capped, "time may end it before");
        for (var step = 1; step <= 100; step++)
        {
            advice.Step(0.2, 1e-4, step / 4800.0, TimeSpan.FromSeconds(0.1 * step), isTimed: true);
        }

        Assert.AreSequenceEqual(said, capped);
        Assert.HasCount(1, said, "once");
        StringAssert.StartsWith(said[0], "Each of the 100 images will be seen about 3100 times, and none is held out");
    }

    [TestMethod]
    public void Step_LossesWithoutMeasure_AreNotJudged() =>
        Assert.IsEmpty(Of(new() { NumberOfSteps = 5000, LearningRate = 0.05 }, loss: _ => 1.5, isJudged: false));

    [TestMethod]
    public void Advice_RunsThatAreAllRight_IsNone()
    {
        Assert.IsEmpty(Of(new() { NumberOfSteps = 1000 }));
        Assert.IsEmpty(Of(new() { NumberOfSteps = 300, WarmupSteps = 20 }, isFineTuned: true));
        Assert.IsEmpty(Of(new() { NumberOfSteps = 1200, BatchSize = 16, WarmupSteps = 0 }, images: 16, loss: _ => 0.001)); // learned by heart
        Assert.IsEmpty(Of(new() { Duration = TimeSpan.FromHours(1) })); // no time passes here
    }

    [TestMethod]
    public void BlindLoss_FormulasOfPredictions_AreThoseOfTheirTargets()
    {
        const double MeanSquare = 0.3;
        var schedule = NoiseSchedule.Cosine();
        double Loss(PredictionType prediction) => BlindLoss.Of(new GaussianDiffusion(schedule, prediction), null, MeanSquare);
        var alphaBar = Enumerable.Range(0, 1000).Average(schedule.AlphaBar);

        Assert.AreEqual(1, Loss(PredictionType.Epsilon), 1e-12);
        Assert.AreEqual(MeanSquare, Loss(PredictionType.Sample), 1e-12);
        Assert.AreEqual(alphaBar + ((1 - alphaBar) * MeanSquare), Loss(PredictionType.VPrediction), 1e-12); // v = sqrt(alpha-bar) eps - sqrt(1 - alpha-bar) x_0
    }

    [TestMethod]
    [DataRow(0.1, 0.0, "3 6 9 12 15 18 21 24 27 30")]
    [DataRow(0.1, 0.55, "18 21 24 27 30")]
    [DataRow(0.4, 0.0, "12 24")]
    [DataRow(0.01, 0.9, "28 29 30")]
    public void BudgetShares_EachMoment_ComesOnce(double every, double start, string steps)
    {
        var shares = new BudgetShares(every, start);

        Assert.AreEqual(steps, string.Join(' ', Enumerable.Range((int)(30 * start) + 1, 30 - (int)(30 * start)).Where(step => shares.IsDue(step / 30.0))));
    }

    private static RunAdvice Advice(
        TrainingOptions options,
        List<string> said,
        int images = 1000,
        bool isFineTuned = false,
        bool isJudged = true,
        bool isWatched = true) =>
        new(options, images, isFineTuned, isWatched, isJudged ? new BlindLoss(0.8, 0.7) : null, text => said.Add(text.ToString()));

    // What is said of a whole run whose steps take no time.
    private static List<string> Of(
        TrainingOptions options,
        int images = 1000,
        bool isFineTuned = false,
        bool isJudged = true,
        Func<int, double>? loss = null,
        bool isWatched = true)
    {
        var said = new List<string>();
        var advice = Advice(options, said, images, isFineTuned, isJudged, isWatched);
        var steps = new TrainingBudget(options, images).Steps;
        advice.Start(0, TimeSpan.Zero, steps);
        for (var step = 1; step <= (steps ?? 5000); step++)
        {
            advice.Step(loss?.Invoke(step) ?? 0.2, options.LearningRate / 4, step / (steps ?? 1e9), TimeSpan.Zero, isTimed: false);
        }

        advice.End(isTimed: false);
        return said;
    }
}
