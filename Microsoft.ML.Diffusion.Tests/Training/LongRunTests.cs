using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.ML.Diffusion.Engines.Cpu;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Diffusion.Training;

namespace Microsoft.ML.Diffusion.Tests.Training;

[TestClass]
public sealed class LongRunTests
{
    [TestMethod]
    [DynamicData(nameof(EveryDevice.Processors), typeof(EveryDevice))]
    public void Fit_GradientAccumulation_EqualsTheBigBatch(string device)
    {
        var options = TinyModel.LabelledOn(device) with
        {
            Network = TinyModel.Labelled.Network with { Dropout = 0.3 },
            Training = TinyModel.Options.Training with { NumberOfSteps = 4, LearningRate = 1e-3, FlipHorizontally = true },
        };
        using var whole = TinyModel.Train(options);
        foreach (var parts in (int[])[3, 8, 100])
        {
            using var inParts = TinyModel.Train(options with { Training = options.Training with { GradientAccumulationSteps = parts } });

            Assert.AreEqual(whole.Training!.FinalLoss, inParts.Training!.FinalLoss, 1e-4);
            Assert.IsLessThan(2e-4, Weights.Difference(whole, inParts), $"{parts} parts; a step moves a weight by up to 1e-3");
        }

        CollectionAssert.AreEqual(new[] { (0, 3), (3, 3), (6, 2) }, Workers.Parts(8, 3).ToArray());
    }

    [TestMethod]
    public void Fit_BudgetInImages_RoundsUpToSteps()
    {
        using var model = TinyModel.Train(TinyModel.Options with { Training = new TrainingOptions { NumberOfImages = 17, BatchSize = 8 } });

        Assert.AreEqual(3, model.Training!.Steps);
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Processors), typeof(EveryDevice))]
    public void Fit_SampleGrid_IsShownWithTheAverageAndDisturbsNothing(string device)
    {
        var grids = new List<(int Step, int Width, int Height, string Digest)>();
        var training = TinyModel.Options.Training with { NumberOfSteps = 6, EmaDecay = 0.5 };
        var grid =
            new SampleGridOptions
            {
                EverySteps = 3,
                NumberOfImages = 5,
                Show = (step, image) => grids.Add((step, image.Width, image.Height, Convert.ToHexString(image.Pixels))),
            };

        using var shown = TinyModel.Train(TinyModel.LabelledOn(device) with { Training = training with { SampleGrid = grid } });
        using var alone = TinyModel.Train(TinyModel.LabelledOn(device) with { Training = training });

        Assert.AreEqual(Weights.Digest(alone), Weights.Digest(shown));
        CollectionAssert.AreEqual(new[] { (3, 24, 16), (6, 24, 16) }, grids.Select(item => (item.Step, item.Width, item.Height)).ToArray());
        using var final = ImageGrid.Create(shown.Generate([0, 1, 0, 1, 0]), 3);
        Assert.AreEqual(
            Convert.ToHexString(final.Pixels),
            grids[1].Digest,
            "the last grid is what the model draws: classes in turn, from the seed of Generation");
    }

    [TestMethod]
    public void Fit_ContextCancelled_StopsWithinOneStepAndKeepsACheckpoint()
    {
        using var folder = new TemporaryFolder();
        var mlContext = new MLContext(seed: 3);
        var steps = 0;
        var training = TinyModel.Options.Training with
        {
            NumberOfSteps = 1000,
            CheckpointDirectory = folder.Path,
            ReportEverySteps = 1,
            Progress = new Direct<TrainingProgress>(progress =>
            {
                steps = progress.Step;
                if (steps == 5)
                {
                    typeof(MLContext).GetMethod("CancelExecution", BindingFlags.Instance | BindingFlags.NonPublic)!.Invoke(mlContext, null);
                }
            }),
        };

        Messages.Expect<OperationCanceledException>(
            "Training was cancelled by the MLContext.",
            () => TinyModel.Train(TinyModel.Options with { Training = training }, mlContext));

        Assert.AreEqual(5, steps);
        Assert.AreEqual("checkpoint-0000000005.safetensors", Path.GetFileName(folder.Checkpoints.Single()));
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Processors), typeof(EveryDevice))]
    public void Fit_CancelledAndModelWanted_ReturnsItAsItIs(string device)
    {
        using var source = new CancellationTokenSource();
        var training = TinyModel.Options.Training with { LearningRateSchedule = LearningRateSchedule.Constant };
        var cancelled = training with
        {
            NumberOfSteps = 1000,
            CancellationToken = source.Token,
            ReturnModelOnCancellation = true,
            ReportEverySteps = 1,
            Progress = new Direct<TrainingProgress>(progress => source.CancelAfterStep(progress, 4)),
        };

        using var model = TinyModel.Train(TinyModel.On(device) with { Training = cancelled });
        using var expected = TinyModel.Train(TinyModel.On(device) with { Training = training with { NumberOfSteps = 4 } });

        Assert.AreEqual(TrainingEnd.Cancelled, model.Training!.End);
        Assert.AreEqual(4, model.Training.Steps);
        Assert.IsTrue(double.IsFinite(model.Training.FinalLoss));
        Assert.AreEqual(Weights.Digest(expected), Weights.Digest(model));
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Names), typeof(EveryDevice))]
    public void Fit_StepsKeepFailing_StopsWithStepLossAndRate(string device)
    {
        var training =
            new TrainingOptions
            {
                NumberOfSteps = 1000,
                BatchSize = 4,
                LearningRate = 1e30,
                LearningRateSchedule = LearningRateSchedule.Constant,
                WarmupSteps = 0,
                MaximumConsecutiveSkippedSteps = 5,
            };

        var error = Assert.ThrowsExactly<InvalidOperationException>(() => TinyModel.Train(TinyModel.On(device) with { Training = training }));

        StringAssert.Matches(
            error.Message,
            new(@"^Training diverged at step \d+: 6 steps in a row had a loss or gradient that was not a finite number \(the last finite loss was [0-9.E+]+, the learning rate is 1E\+30\)\. Lower LearningRate, or raise WarmupSteps; MaximumConsecutiveSkippedSteps says how many such steps may follow each other\.$"));
    }

    [TestMethod]
    public void MemoryShortage_RealAndRecordedErrors_SayWhatToLower()
    {
        var real = Assert.ThrowsExactly<ExternalException>(() => TorchSharp.torch.empty(1L << 50).Dispose());
        Assert.IsTrue(MemoryShortage.IsMeantBy(real), real.Message);
        Assert.IsTrue(MemoryShortage.IsMeantBy(new LibtorchException("CUDA out of memory. Tried to allocate 20.00 MiB.")));
        Assert.IsFalse(MemoryShortage.IsMeantBy(new LibtorchException("The size of tensor a (3) must match the size of tensor b (4)")));

        Assert.IsTrue(MemoryShortage.IsMeantBy(Assert.ThrowsExactly<InsufficientMemoryException>(() => new CpuMemory(1L << 31))));
        var model =
            new ModelDescription(
                new ImageShape(1, 8, 8),
                new UNetOptions(),
                NoiseSchedule.Cosine(),
                PredictionType.Epsilon,
                ModelVariance.Fixed,
                []);

        Assert.AreEqual(
            "Memory ran out on cpu at step 3. Raise GradientAccumulationSteps (now 1), which changes no result, or lower BatchSize (now 64), Network.BaseChannels (now 64) or the size of the images (now 8x8). It said: CUDA out of memory.",
            MemoryShortage.Explain(
                new LibtorchException("CUDA out of memory.\nmore"),
                3,
                ComputeDevice.Cpu,
                model,
                new TrainingOptions()).Message);
    }

    [TestMethod]
    public void MemoryShortage_BeforeTheFirstStep_SaysWhatToLower()
    {
        var network = TinyModel.Options.Network with { BaseChannels = 32768 };
        var model =
            new ModelDescription(new ImageShape(1, 8, 8), network, NoiseSchedule.Cosine(), PredictionType.Epsilon, ModelVariance.Fixed, []);
        T Explained<T>(Func<T> make) => MemoryShortage.Explained(make, ComputeDevice.Cpu, model, new TrainingOptions());

        var error = Assert.ThrowsExactly<InsufficientMemoryException>(() => Explained(() => new NetworkWeights(model.CreatePlan())));

        StringAssert.Matches(
            error.Message,
            new(@"^Memory ran out on cpu at step 0\. Raise GradientAccumulationSteps .* or lower BatchSize \(now 64\), Network\.BaseChannels \(now 32768\) or the size of the images \(now 8x8\)\. It said: A network of \d+ weights is larger than a buffer can be\.$"));
        Assert.AreEqual(3, Explained(() => 3));
        Assert.ThrowsExactly<FormatException>(() => Explained<int>(() => throw new FormatException()));
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Names), typeof(EveryDevice))]
    public void Fit_PreviousModel_GoesOnFromItsWeights(string device)
    {
        var mlContext = new MLContext(seed: 3);
        using var previous = TinyModel.Train(TinyModel.LabelledOn(device));
        var before = Weights.Digest(previous);
        var trainer =
            mlContext.Transforms.DiffusionTrainer(
                "Generated",
                "Image",
                TinyModel.LabelledOn(device) with { Training = new TrainingOptions { NumberOfSteps = 1, LearningRate = 1e-9 } });

        using var tuned = trainer.Fit(Pictures.Rows(mlContext), previous);
        using var judged = trainer.Fit(Pictures.Rows(mlContext), Pictures.Rows(mlContext, 4), previous);

        Assert.IsLessThan(1e-7, Weights.Difference(previous, tuned));
        Assert.AreEqual(before, Weights.Digest(previous));
        Assert.IsNotNull(judged.Training!.ValidationLoss);
    }

    [TestMethod]
    public void Fit_PreviousModelOfAnotherKind_NamesAllThatDiffers()
    {
        var mlContext = new MLContext(seed: 3);
        using var previous = TinyModel.Train(TinyModel.Labelled);
        var trainer =
            mlContext.Transforms.DiffusionTrainer("Generated", "Image", TinyModel.Options with { Prediction = PredictionType.Epsilon });

        Messages.Expect<ArgumentException>(
            "previousModel cannot be trained on, because it differs in Prediction (VPrediction in the model, Epsilon here). Set these options to the model's own. (Parameter 'previousModel')",
            () => trainer.Fit(Pictures.Rows(mlContext), previous));
    }

    [TestMethod]
    public void Fit_ImpossibleOptions_SayWhatTheyMustBe()
    {
        void Expect(string message, TrainingOptions training) =>
            Messages.Expect<ArgumentOutOfRangeException>(message, () => TinyModel.Train(TinyModel.Options with { Training = training }));

        Expect(
            "GradientAccumulationSteps must be at least 1, which takes the batch in one piece. (Parameter 'GradientAccumulationSteps')\nActual value was 0.",
            new() { GradientAccumulationSteps = 0 });
        Expect(
            "Precision must be Automatic or Float32 on the device \"cpu\", because that computes in float32 alone; Automatic is bfloat16 where there is CUDA. (Parameter 'Precision')\nActual value was BFloat16.",
            new() { Precision = TrainingPrecision.BFloat16 });
        Expect(
            "KeepCheckpoints must be at least 1; leave CheckpointDirectory null for no checkpoints. (Parameter 'KeepCheckpoints')\nActual value was 0.",
            new() { KeepCheckpoints = 0 });
        Expect(
            "MaximumImageMemory must be at least 0 bytes, which keeps all images in a temporary file. (Parameter 'MaximumImageMemory')\nActual value was -1.",
            new() { MaximumImageMemory = -1 });
        Expect(
            "SampleGrid.Labels must be null, because the model is trained without LabelColumnName. (Parameter 'SampleGrid.Labels')\nActual value was 0.",
            new() { SampleGrid = new() { Show = (_, _) => { }, NumberOfImages = 1, Labels = [0] } });
    }
}

file sealed class LibtorchException(string message) : ExternalException(message);

file static class Cancelling
{
    public static void CancelAfterStep(this CancellationTokenSource source, TrainingProgress progress, int step)
    {
        if (progress.Step == step)
        {
            source.Cancel();
        }
    }
}
