using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Persistence.Safetensors;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Diffusion.Training;
using Microsoft.ML.Diffusion.Training.Checkpoints;

namespace Microsoft.ML.Diffusion.Tests.Training;

[TestClass]
public sealed class CheckpointTests
{
    // Everything that has a state: loss-aware timesteps, dropout, flips, augmentation, labels, validation and the best weights.
    private static DiffusionOptions Options(TrainingOptions training, string device = "cpu") => TinyModel.LabelledOn(device) with
    {
        Schedule = NoiseSchedule.Cosine(4),
        Network = TinyModel.Labelled.Network with { Dropout = 0.2 },
        Training = training with
        {
            TimestepSampling = TimestepSampling.LossAware,
            FlipHorizontally = true,
            Augmentation = new AugmentationOptions { Probability = 0.5 },
            BatchSize = 5,
            Validation = new ValidationOptions { EverySteps = 3, KeepBest = true },
        },
    };

    private static readonly TrainingOptions _training =
        new() { NumberOfSteps = 25, LearningRate = 3e-3, WarmupSteps = 2, CheckpointEverySteps = 4, ReportEverySteps = 10 };

    [TestMethod]
    [TestCategory(TestCategories.Integration)]
    [DynamicData(nameof(EveryDevice.Processors), typeof(EveryDevice))]
    public void Fit_CancelledAtAnyStep_ResumesToTheSameModelAndSummary(string device)
    {
        using var whole = Fit(Options(_training, device));
        foreach (var step in (int[])[1, 9, 13, 20, 24])
        {
            using var folder = new TemporaryFolder();
            using var source = new CancellationTokenSource();
            var training = _training with { CheckpointDirectory = folder.Path };
            var stopping = training with { CancellationToken = source.Token, ReportEverySteps = 1, Progress = Cancel(source, step) };

            Assert.ThrowsExactly<OperationCanceledException>(() => Fit(Options(stopping, device)));
            Assert.AreEqual($"checkpoint-{step:D10}.safetensors", Path.GetFileName(folder.Checkpoints[0]), "the last step is not lost");
            using var resumed = Fit(Options(training, device));

            Assert.AreEqual(Weights.Digest(whole), Weights.Digest(resumed), $"cancelled after step {step}");
            Assert.AreEqual(
                Told(whole.Training!, nameof(TrainingSummary.Seconds), nameof(TrainingSummary.FinalLoss)),
                Told(resumed.Training!, nameof(TrainingSummary.Seconds), nameof(TrainingSummary.FinalLoss)));
        }
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Processors), typeof(EveryDevice))]
    public void Fit_FinishedRun_ReturnsTheModelAndSaysSo(string device)
    {
        using var folder = new TemporaryFolder();
        var options = Options(_training with { CheckpointDirectory = folder.Path }, device);
        using var first = Fit(options);
        var mlContext = new MLContext(seed: 3);
        var messages = new List<string>();
        mlContext.Log += (_, e) => messages.Add(e.Message);

        using var second = Fit(options, mlContext);

        Assert.AreEqual(Weights.Digest(first), Weights.Digest(second));
        Assert.AreEqual(Told(first.Training!, nameof(TrainingSummary.Seconds)), Told(second.Training!, nameof(TrainingSummary.Seconds)));
        Assert.IsGreaterThan(first.Training!.Seconds / 2, second.Training!.Seconds, "time counts on");
        StringAssert.Contains(
            string.Join('\n', messages),
            $"Training goes on after step 25, from a checkpoint in {folder.Path}. If its budget is spent, the model is returned as it is; delete the folder to train anew.");
    }

    // A disk takes longer than a step of this network, so that time mostly runs out while a checkpoint is written.
    [TestMethod]
    public void Fit_TimeThatRanOut_IsSpentWhenResumed()
    {
        for (var run = 0; run < 5; run++)
        {
            using var folder = new TemporaryFolder();
            var training = TinyModel.Options.Training with
            {
                NumberOfSteps = null,
                Duration = TimeSpan.FromSeconds(0.2),
                CheckpointDirectory = folder.Path,
                CheckpointEverySteps = 1,
            };
            using var first = TinyModel.Train(TinyModel.Options with { Training = training });
            using var second = TinyModel.Train(TinyModel.Options with { Training = training });

            Assert.AreEqual(first.Training!.Steps, second.Training!.Steps);
            Assert.AreEqual(Weights.Digest(first), Weights.Digest(second));
        }
    }

    [TestMethod]
    public void Fit_KeepsTheLastCheckpoints_AndNoTemporaryFiles()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File(".checkpoint-0000000001.safetensors.abcdefgh.ijk.tmp"), "left by a process that was killed");
        File.WriteAllText(folder.File("notes.txt"), "the user's");

        Fit(Options(_training with { CheckpointDirectory = folder.Path, KeepCheckpoints = 3 })).Dispose();

        string[] expected =
            ["checkpoint-0000000020.safetensors", "checkpoint-0000000024.safetensors", "checkpoint-0000000025.safetensors", "lock", "notes.txt"];
        CollectionAssert.AreEqual(
            expected,
            Directory.GetFiles(folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal).ToArray());
    }

    [TestMethod]
    [DataRow("bit")]
    [DataRow("metadata")]
    [DataRow("cut")]
    [DataRow("empty")]
    public void Fit_NewestCheckpointDamaged_TakesTheOneBeforeAndWarns(string damage)
    {
        using var folder = new TemporaryFolder();
        var options = Options(_training with { CheckpointDirectory = folder.Path });
        using var first = Fit(options);
        var newest = folder.Checkpoints[0];
        var bytes = File.ReadAllBytes(newest);
        switch (damage)
        {
            case "bit":
                bytes[^1000] ^= 4;
                break;
            case "metadata":
                bytes = System.Text.Encoding.Latin1.GetBytes(
                    System.Text.Encoding.Latin1.GetString(bytes).Replace("\\\"Step\\\":25", "\\\"Step\\\":24", StringComparison.Ordinal));
                break;
            case "cut":
                bytes = bytes[..(bytes.Length / 2)];
                break;
            default:
                bytes = [];
                break;
        }

        File.WriteAllBytes(newest, bytes);
        var mlContext = new MLContext(seed: 3);
        var messages = new List<string>();
        mlContext.Log += (_, e) => messages.Add(e.Message);

        using var second = Fit(options, mlContext);

        Assert.AreEqual(Weights.Digest(first), Weights.Digest(second), "the last step is taken again");
        Assert.IsTrue(
            messages.Any(message => message.Contains($"Checkpoint {newest} is damaged and passed over: ", StringComparison.Ordinal)),
            string.Join('\n', messages));
        Assert.IsTrue(
            messages.Any(message => message.Contains("Training goes on after step 24", StringComparison.Ordinal)),
            string.Join('\n', messages));
    }

    [TestMethod]
    public void Fit_SeedOf64Bits_IsKeptAndCounts()
    {
        using var folder = new TemporaryFolder();
        var options =
            TinyModel.Options with
            {
                Seed = 1L << 40,
                Training = TinyModel.Options.Training with { CheckpointDirectory = folder.Path, NumberOfSteps = 2 },
            };
        using var model = TinyModel.Train(options);
        using var other =
            TinyModel.Train(
                options with { Seed = (1L << 40) + (1L << 33), Training = options.Training with { CheckpointDirectory = null } });

        Assert.AreEqual(1L << 40, model.Training!.Seed);
        Assert.AreNotEqual(Weights.Digest(model), Weights.Digest(other));
        using var checkpoint = Checkpoint.Open(folder.Checkpoints[0]);
        Assert.AreEqual(1L << 40, checkpoint.State.Seed);
    }

    [TestMethod]
    public void Fit_OtherOptions_NamesEachThatDiffers()
    {
        using var folder = new TemporaryFolder();
        var training = TinyModel.Options.Training with { CheckpointDirectory = folder.Path, NumberOfSteps = 1 };
        TinyModel.Train(TinyModel.Options with { Training = training }).Dispose();

        Messages.Expect<InvalidOperationException>(
            $"CheckpointDirectory '{folder.Path}' holds another run: EmaDecay was 0.9999, is now 0.5; Seed was 1, is now 2. Make these equal to resume it, or name another folder.",
            () => TinyModel.Train(
                TinyModel.Options with
                {
                    Seed = 2,
                    Training = training with { EmaDecay = 0.5, ReportEverySteps = 3, KeepCheckpoints = 9 },
                }));
    }

    [TestMethod]
    public void Fit_OtherImages_SaysSo()
    {
        using var folder = new TemporaryFolder();
        var mlContext = new MLContext(seed: 3);
        var trainer =
            mlContext.Transforms.DiffusionTrainer(
                "Generated",
                "Image",
                TinyModel.Options with { Training = TinyModel.Options.Training with { CheckpointDirectory = folder.Path, NumberOfSteps = 1 } });
        trainer.Fit(Pictures.Rows(mlContext)).Dispose();

        var error = Assert.ThrowsExactly<InvalidOperationException>(() => trainer.Fit(Pictures.Rows(mlContext, count: 9)));

        StringAssert.Matches(
            error.Message,
            new(@"holds another run: Images was 8 of 8x8, 1 channel with SHA-256 [0-9a-f]{64}, is now 9 of 8x8, 1 channel with SHA-256 [0-9a-f]{64}\. Make these equal"));
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Processors), typeof(EveryDevice))]
    public void Fit_ConstantRate_CanBeMadeLonger(string device)
    {
        using var folder = new TemporaryFolder();
        var training =
            TinyModel.Options.Training with { LearningRateSchedule = LearningRateSchedule.Constant, CheckpointDirectory = folder.Path };
        TinyModel.Train(TinyModel.On(device) with { Training = training with { NumberOfSteps = 4 } }).Dispose();

        using var longer = TinyModel.Train(TinyModel.On(device) with { Training = training with { NumberOfSteps = 7 } });
        using var atOnce =
            TinyModel.Train(TinyModel.On(device) with { Training = training with { NumberOfSteps = 7, CheckpointDirectory = null } });

        Assert.AreEqual(Weights.Digest(atOnce), Weights.Digest(longer));
    }

    [TestMethod]
    public void Fit_WithoutSeed_ResumesWithThatOfTheRun()
    {
        using var folder = new TemporaryFolder();
        var options =
            TinyModel.Options with { Seed = null, Training = TinyModel.Options.Training with { CheckpointDirectory = folder.Path } };
        using var first = TinyModel.Train(options, new MLContext());

        using var second = TinyModel.Train(options, new MLContext());

        Assert.AreEqual(first.Training!.Seed, second.Training!.Seed);
    }

    [TestMethod]
    public void Fit_FolderInUse_SaysSo()
    {
        using var folder = new TemporaryFolder();
        using var other = new CheckpointFolder(folder.Path, keep: 1);

        var error =
            Assert.ThrowsExactly<InvalidOperationException>(
                () => TinyModel.Train(TinyModel.Options with { Training = _training with { CheckpointDirectory = folder.Path } }));

        StringAssert.Matches(
            error.Message,
            new("^CheckpointDirectory '.+' cannot be used \\(.+\\)\\. One run at a time may use a folder, which it must be able to write to\\.$"));
    }

    [TestMethod]
    public void Identity_HoldsEveryOptionThatIsNotKnownToBeHarmless()
    {
        string[] harmless =
        [
            "CancellationToken", "CheckpointDirectory", "CheckpointEverySteps", "GradientSliceMegabytes", "KeepCheckpoints", "MaximumConsecutiveSkippedSteps", "MaximumImageMemory", "ModelFile",
            "ModelFileEveryFraction", "Pause", "Processes", "Progress", "ReportEverySteps", "ReturnModelOnCancellation", "SampleGrid", "Validation",
        ];
        using var folder = new TemporaryFolder();
        var entries = EntriesOf(folder, TinyModel.Options.Training with { MinimumSnrGamma = 5, MinimumSnrPower = 0.5 });

        var missing =
            typeof(TrainingOptions).GetProperties()
                .Select(property => property.Name)
                .Except(entries)
                .Order(StringComparer.Ordinal)
                .ToArray();
        CollectionAssert.AreEqual(harmless, missing);
    }

    [TestMethod]
    public void Identity_OfWeightsWithoutAPower_IsAsBeforeThereWasOne()
    {
        var none = TinyModel.Options.Training;
        foreach (var training in new[] { none with { MinimumSnrPower = 0.5 }, none with { MinimumSnrGamma = 5 } })
        {
            using var folder = new TemporaryFolder();
            CollectionAssert.DoesNotContain(EntriesOf(folder, training), "MinimumSnrPower");
        }
    }

    [TestMethod]
    public void Checkpoint_IsSafetensors()
    {
        using var folder = new TemporaryFolder();
        using var model = Fit(Options(_training with { CheckpointDirectory = folder.Path }));

        using var file = SafetensorsFile.Open(folder.Checkpoints[0]);

        string[] expected = ["average", "best", "first_moments", "loss_counts", "loss_squares", "second_moments", "updates", "weights"];
        CollectionAssert.AreEqual(expected, file.Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal).ToArray());
        var plan = model.Model.Description.CreatePlan(Augmentation.Length); // with what only training needs
        Assert.AreEqual(NetworkWeights.LengthFor(plan), file["weights"].ElementCount);
    }

    private static string[] EntriesOf(TemporaryFolder folder, TrainingOptions training)
    {
        training = training with { CheckpointDirectory = folder.Path, NumberOfSteps = 1 };
        TinyModel.Train(TinyModel.Options with { Training = training }).Dispose();
        using var checkpoint = Checkpoint.Open(folder.Checkpoints[0]);
        return [.. checkpoint.Identity.Entries.Keys];
    }

    private static DiffusionTransformer Fit(DiffusionOptions options, MLContext? mlContext = null)
    {
        mlContext ??= new MLContext(seed: 3);
        return mlContext.Transforms.DiffusionTrainer("Generated", "Image", options)
            .Fit(Pictures.Rows(mlContext, 7), Pictures.Rows(mlContext, 4));
    }

    private static Direct<TrainingProgress> Cancel(CancellationTokenSource source, int step) => new(progress =>
    {
        if (progress.Step == step)
        {
            source.Cancel();
        }
    });

    private static string Told(TrainingSummary training, params string[] except) =>
        string.Join(
            ", ",
            typeof(TrainingSummary).GetProperties()
                .Where(property => !except.Contains(property.Name))
                .Select(property => $"{property.Name} {property.GetValue(training)}"));
}
