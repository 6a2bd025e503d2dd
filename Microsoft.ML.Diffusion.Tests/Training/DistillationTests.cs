using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Diffusion.Tests.Groups;

namespace Microsoft.ML.Diffusion.Tests.Training;

/// <summary>Students of few steps.</summary>
[TestClass]
public sealed class DistillationTests
{
    private static readonly DistillationOptions _options = new()
    {
        Steps = 2,
        TeacherSteps = 16,
        Seed = 4,
        Training = new DistillationOptions().Training with { NumberOfSteps = 9, BatchSize = 8, ReportEverySteps = 1 },
    };

    [TestMethod]
    public void Distill_EnoughTraining_OneStepIsNearerToTheTeachersManyThanItsOwnOne()
    {
        var mlContext = new MLContext(seed: 3);
        using var model = TinyModel.Train(TinyModel.Labelled with { Training = TinyModel.Options.Training with { NumberOfSteps = 200 } });
        var teacher = model.WithGeneration(model.Generation with { GuidanceScale = 2 });
        var options = _options with { Steps = 1, TeacherSteps = 8, Training = _options.Training with { NumberOfSteps = 450 } };

        using var student = mlContext.Diffusion.Distill(teacher, Pictures.Rows(mlContext), options);

        string[] classes = ["even", "odd", "odd", "even", "even", "odd", "even", "odd"];
        var wanted = teacher.Generate(classes, teacher.Generation with { Sampler = new DdimSampler(8) });
        var own = Distance(teacher.Generate(classes, teacher.Generation with { Sampler = new DdimSampler(1) }));
        var learned = Distance(student.Generate(classes));
        Assert.IsLessThan(0.6 * own, learned);
        Assert.AreEqual((new DdimSampler(1) as Sampler, 1.0), (student.Generation.Sampler, student.Generation.GuidanceScale));

        double Distance(IReadOnlyList<Microsoft.ML.Data.MLImage> images) => images.Zip(wanted, (image, other) => Pictures.Distance(image, other)).Average();
    }

    [TestMethod]
    public void Distill_Stages_AreToldAsOneRun()
    {
        var mlContext = new MLContext(seed: 3);
        var (reports, log) = (new List<TrainingProgress>(), new List<string>());
        mlContext.Log += (_, e) => log.Add(e.RawMessage);
        using var model = TinyModel.Train();
        var before = Weights.Digest(model);

        using var student = mlContext.Diffusion.Distill(
            model,
            Pictures.Rows(mlContext),
            _options with { Training = _options.Training with { Progress = new Direct<TrainingProgress>(reports.Add) } });

        CollectionAssert.AreEqual(Enumerable.Range(1, 9).ToArray(), reports.Select(report => report.Step).Distinct().ToArray());
        for (var i = 1; i < reports.Count; i++)
        {
            Assert.IsTrue(reports[i].Fraction >= reports[i - 1].Fraction && reports[i].Elapsed >= reports[i - 1].Elapsed);
        }

        Assert.AreEqual((1.0, 9, 9), (reports[^1].Fraction, reports[^1].ExpectedSteps, student.Training!.Steps));
        CollectionAssert.AreEqual(
            new[] { "Stage 1 of 3: from 16 steps to 8.", "Stage 2 of 3: from 8 steps to 4.", "Stage 3 of 3: from 4 steps to 2." },
            log.Where(line => line.StartsWith("Stage ", StringComparison.Ordinal)).ToArray());
        Assert.AreEqual(before, Weights.Digest(model), "the model stays as it is");
    }

    [TestMethod]
    public void Distill_SavedAndLoaded_GeneratesTheSameInItsSteps()
    {
        using var folder = new TemporaryFolder();
        var mlContext = new MLContext(seed: 3);
        using var model = TinyModel.Train(TinyModel.Labelled with { Generation = TinyModel.Options.Generation with { Sampler = new DpmSolverSampler(8) { Clipping = Clipping.Dynamic() } } });
        using var student = mlContext.Diffusion.Distill(model, Pictures.Rows(mlContext), _options);

        mlContext.Diffusion.SaveModel(student, null, folder.File("student.zip"));
        using var loaded = mlContext.Diffusion.LoadDiffusionModel(folder.File("student.zip"));

        Assert.AreEqual(new DdimSampler(2) { Clipping = Clipping.Dynamic() }, loaded.Generation.Sampler);
        Assert.AreEqual(9, loaded.Training!.Steps);
        Assert.AreEqual(Pictures.Digest(student.Generate(["odd", "even"])), Pictures.Digest(loaded.Generate(["odd", "even"])));
    }

    [TestMethod]
    public void Distill_InterruptedInAnyStage_EndsAtTheSameStudent()
    {
        var mlContext = new MLContext(seed: 3);
        using var model = TinyModel.Train();
        using var whole = mlContext.Diffusion.Distill(model, Pictures.Rows(mlContext), _options);
        foreach (var step in new[] { 2, 4, 8 })
        {
            using var folder = new TemporaryFolder();
            using var source = new CancellationTokenSource();
            var training = _options.Training with { CheckpointDirectory = folder.Path };
            var stopped = training with
            {
                CancellationToken = source.Token,
                Progress = new Direct<TrainingProgress>(report =>
                {
                    if (report.Step == step)
                    {
                        source.Cancel();
                    }
                }),
            };
            Assert.ThrowsExactly<OperationCanceledException>(() => Distill(stopped));

            using var resumed = Distill(training);

            Assert.AreEqual(Weights.Digest(whole), Weights.Digest(resumed));
            Assert.AreEqual(9, resumed.Training!.Steps);
        }

        DiffusionTransformer Distill(TrainingOptions training) =>
            mlContext.Diffusion.Distill(model, Pictures.Rows(mlContext), _options with { Training = training });
    }

    [TestMethod]
    public void Distill_CancelledAndTheModelWanted_IsTheStudentOfItsStage()
    {
        var mlContext = new MLContext(seed: 3);
        using var model = TinyModel.Train();
        using var source = new CancellationTokenSource();
        var training = _options.Training with
        {
            CancellationToken = source.Token,
            ReturnModelOnCancellation = true,
            Progress = new Direct<TrainingProgress>(report =>
            {
                if (report.Step == 4)
                {
                    source.Cancel();
                }
            }),
        };

        using var student = mlContext.Diffusion.Distill(model, Pictures.Rows(mlContext), _options with { Training = training });

        Assert.AreEqual((4, TrainingEnd.Cancelled), (student.Generation.Sampler.Timesteps.NumberOfInferenceSteps, student.Training!.End));
    }

    [TestMethod]
    public void Distill_InTwoProcesses_IsTheStudentOfTwoThreads()
    {
        using var model = TinyModel.Train(TinyModel.Labelled);
        string Student(ProcessGroup? processes)
        {
            var mlContext = new MLContext(seed: 3);
            var options = _options with { GuidanceScale = 2, Training = _options.Training with { Processes = processes } };
            using var student = mlContext.Diffusion.Distill(model, Pictures.Rows(mlContext), options);
            return Weights.Digest(student);
        }

        var alone = ThreadGroup.Alone(2, () => Student(null));
        var together = ThreadGroup.Run(2, 1, Student);

        CollectionAssert.AreEqual(new[] { alone, alone }, together.Select(outcome => outcome.Value).ToArray());
    }

    [TestMethod]
    public void Distill_ModelDisposedMeanwhile_EndsAll()
    {
        var mlContext = new MLContext(seed: 3);
        var model = TinyModel.Train();
        var training = _options.Training with { Progress = new Direct<TrainingProgress>(_ => model.Dispose()) };

        using var student = mlContext.Diffusion.Distill(model, Pictures.Rows(mlContext), _options with { Training = training });

        Assert.AreEqual(9, student.Training!.Steps);
    }

    [TestMethod]
    public void Distill_WrongOptions_SaysWhatMustHold()
    {
        var mlContext = new MLContext(seed: 3);
        using var model = TinyModel.Train();
        using var epsilon = TinyModel.Train(TinyModel.Options with { Prediction = PredictionType.Epsilon });
        using var learned = TinyModel.Train(TinyModel.Options with { Variance = ModelVariance.LearnedRange });
        var training = _options.Training;

        Refused("Steps must be 1, 2, 4, 8, 16, 32 or 64, because each stage halves the steps of the one before. (Parameter 'Steps')\nActual value was 3.", _options with { Steps = 3 });
        Refused("TeacherSteps must be a power of two above Steps and at most the 1000 timesteps of the model, because each stage halves the steps of the one before; 64 will mostly do. (Parameter 'TeacherSteps')\nActual value was 2.", _options with { TeacherSteps = 2 });
        Refused("GuidanceScale must be a number of at least 0; leave it null for that of the model. (Parameter 'GuidanceScale')\nActual value was -1.", _options with { GuidanceScale = -1 });
        Refused("Training.NumberOfEpochs must be null, because stages have equal shares of steps, images or time: set one of these. (Parameter 'Training.NumberOfEpochs')\nActual value was 2.", _options with { Training = training with { NumberOfEpochs = 2 } });
        Refused("Training.NumberOfSteps must be at least 3, one for each stage. (Parameter 'Training.NumberOfSteps')\nActual value was 2.", _options with { Training = training with { NumberOfSteps = 2 } });
        Refused("Training.TimestepSampling must be Uniform, because a student learns from the timesteps of its steps alone. (Parameter 'Training.TimestepSampling')\nActual value was LossAware.", _options with { Training = training with { TimestepSampling = TimestepSampling.LossAware } });
        Refused("Training.Loss must be null or Simple, because the bound is one of images, not of a teacher's steps. (Parameter 'Training.Loss')\nActual value was Variational.", _options with { Training = training with { Loss = TrainingLoss.Variational } });
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Distill(model, _options with { Training = training with { Augmentation = new() } }));
        Messages.Expect<ArgumentException>(
            "The model must predict v or x_0 to be distilled, because epsilon says nothing of the image where x_t is almost all noise, and few steps begin there. Train one with Prediction = VPrediction. (Parameter 'model')",
            () => Distill(epsilon, _options));
        Messages.Expect<ArgumentException>(
            "The model must have Variance = Fixed to be distilled, because DDIM steps have no variance that its student could learn. (Parameter 'model')",
            () => Distill(learned, _options));

        void Refused(string message, DistillationOptions options) =>
            Messages.Expect<ArgumentOutOfRangeException>(message, () => Distill(model, options));

        void Distill(DiffusionTransformer teacher, DistillationOptions options) =>
            mlContext.Diffusion.Distill(teacher, Pictures.Rows(mlContext), options).Dispose();
    }
}
