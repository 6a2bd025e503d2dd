using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Contracts;

/// <summary>Options of losses that cannot work are refused before training, and say why.</summary>
[TestClass]
public sealed class LossOptionsTests
{
    private static readonly DiffusionOptions _learned = TinyModel.Options with { Variance = ModelVariance.LearnedRange };

    public static IEnumerable<object[]> Bad =>
    [
        [TinyModel.Options with { Variance = (ModelVariance)9 }, "Variance must be Fixed or LearnedRange. (Parameter 'Variance')\nActual value was 9."],
        [With(_learned, new() { Loss = TrainingLoss.Simple }), "Loss must be Hybrid or Variational with Variance = LearnedRange, because Simple teaches no variance. (Parameter 'Loss')\nActual value was Simple."],
        [With(TinyModel.Options, new() { Loss = TrainingLoss.Hybrid }), "Loss must be Simple or Variational with Variance = Fixed, because the other half of Hybrid teaches the variance. (Parameter 'Loss')\nActual value was Hybrid."],
        [With(TinyModel.Options, new() { Loss = (TrainingLoss)7 }), "Loss must be Simple, Variational or Hybrid; leave it null to decide by the variance. (Parameter 'Loss')\nActual value was 7."],
        [With(_learned, new() { VariationalWeight = 0 }), "VariationalWeight must be a number above 0, because without L_vlb nothing teaches the variance. (Parameter 'VariationalWeight')\nActual value was 0."],
        [With(TinyModel.Options, new() { MinimumSnrGamma = -1 }), "MinimumSnrGamma must be a number above 0; leave it null to weight all timesteps alike. (Parameter 'MinimumSnrGamma')\nActual value was -1."],
        [With(
            TinyModel.Options,
            new() { MinimumSnrPower = 1.5 }), "MinimumSnrPower must be in (0, 1]; set MinimumSnrGamma to null to weight all timesteps alike. (Parameter 'MinimumSnrPower')\nActual value was 1.5."],
        [With(
            TinyModel.Options,
            new() { MinimumSnrGamma = 5, Loss = TrainingLoss.Variational }), "MinimumSnrGamma must be null with Loss = Variational, because it weights the squared error. (Parameter 'MinimumSnrGamma')\nActual value was 5."],
        [With(
            TinyModel.Options with { Schedule = NoiseSchedule.Linear().WithZeroTerminalSnr() },
            new() { MinimumSnrGamma = 5 }), "MinimumSnrGamma must be null with a schedule of zero terminal SNR, because its last timestep would have weight 0 and never be learned. (Parameter 'MinimumSnrGamma')\nActual value was 5."],
        [With(
            TinyModel.Options,
            new() { TimestepSampling = (TimestepSampling)3 }), "TimestepSampling must be Uniform or LossAware. (Parameter 'TimestepSampling')\nActual value was 3."],
        [TinyModel.Options with { Generation = new() { Sampler = new DdpmSampler(5, DdpmVariance.Learned) } }, "Variance must be FixedSmall or FixedLarge, because the model was trained with Variance = Fixed and has learned none. (Parameter 'Variance')\nActual value was Learned."],
    ];

    [TestMethod]
    [DynamicData(nameof(Bad))]
    public void Trainer_ImpossibleOption_SaysWhy(DiffusionOptions options, string message)
    {
        var error =
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new MLContext().Transforms.DiffusionTrainer("Generated", "Image", options));

        Assert.AreEqual(message, error.Message.ReplaceLineEndings("\n"));
    }

    private static DiffusionOptions With(DiffusionOptions options, TrainingOptions training) => options with { Training = training };
}
