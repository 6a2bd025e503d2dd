using System.Collections.Concurrent;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Groups;

/// <summary>Training in the processes of a group, which are threads here: <see cref="MpiTests"/> has real ones.</summary>
[TestClass]
public sealed class GroupTrainingTests
{
    // The first loss is of the same weights: only sums of single precision differ. Then what differs is learned on.
    private const double FirstLossTolerance = 1e-6;
    private const double Tolerance = 1e-5;

    [TestMethod]
    [DataRow(2, 1)]
    [DataRow(2, 2)]
    [DataRow(4, 1)]
    [DataRow(3, 1)]
    public void Fit_AsManyPartsInProcesses_HasTheBitsOfThreads(int ranks, int cores)
    {
        var alone = ThreadGroup.Alone(ranks * cores, () => GroupRun.Train(null));

        var together = ThreadGroup.Run(ranks, cores, group => GroupRun.Train(group));

        Assert.AreEqual(alone.ToString(), together[0].Value.ToString());
        Assert.HasCount(GroupRun.Steps, alone.Losses);
        foreach (var other in together[1..])
        {
            Assert.AreEqual(alone.Digest, other.Value.Digest);
            Assert.AreEqual(alone.Summary.ValidationLoss, other.Value.Summary.ValidationLoss);
            Assert.IsEmpty(other.Value.Losses, "the first process reports for all");
        }
    }

    [TestMethod]
    public void Fit_AnyNumberOfProcesses_LearnsTheSame()
    {
        static TrainingOptions Short(TrainingOptions options) => options with { NumberOfSteps = 8 };
        var one = ThreadGroup.Alone(1, () => GroupRun.Train(null, change: Short));
        var two = ThreadGroup.Run(2, 1, group => GroupRun.Train(group, change: Short))[0].Value;
        var three = ThreadGroup.Run(3, 1, group => GroupRun.Train(group, change: Short))[0].Value;

        foreach (var other in (GroupResult[])[two, three])
        {
            Assert.AreNotEqual(one.Digest, other.Digest, "sums of other parts round in another way");
            Assert.AreEqual(one.Losses[0], other.Losses[0], FirstLossTolerance * one.Losses[0]);
            Assert.AreEqual(one.Losses[^1], other.Losses[^1], Tolerance * one.Losses[^1]);
            Assert.IsLessThan(Tolerance, one.DistanceTo(other));
        }
    }

    [TestMethod]
    public void Fit_SlicesOfAnySize_HaveTheSameBits()
    {
        var digests = new[] { 0.001, GroupRun.SliceMegabytes, double.PositiveInfinity }.Select(megabytes =>
            ThreadGroup.Run(2, 1, group => GroupRun.Train(group, change: options => options with { NumberOfSteps = 4, GradientSliceMegabytes = megabytes }))[0].Value.Digest).ToList();

        Assert.HasCount(1, digests.Distinct());
    }

    [TestMethod]
    public void Fit_CancelledWhileTheFirstProcessWaits_StopsAllAtTheSameStep()
    {
        using var cancellation = new CancellationTokenSource();
        var pause = new TrainingPause();
        var progress = new Direct<TrainingProgress>(report =>
        {
            if (report.IsPaused)
            {
                cancellation.Cancel();
            }
            else if (report.Step == 4)
            {
                pause.Pause();
            }
        });

        var outcomes = ThreadGroup.Run(2, 1, group => GroupRun.Train(group, change: options => options with
        {
            Pause = group.Rank == 0 ? pause : null,
            Progress = group.Rank == 0 ? progress : null,
            CancellationToken = group.Rank == 0 ? cancellation.Token : default,
            ReturnModelOnCancellation = true,
        }));

        Assert.AreEqual((TrainingEnd.Cancelled, TrainingEnd.Cancelled), (outcomes[0].Value.Summary.End, outcomes[1].Value.Summary.End));
        Assert.AreEqual((5, 5), (outcomes[0].Value.Summary.Steps, outcomes[1].Value.Summary.Steps), "told with the step behind the wait");
        Assert.AreEqual(outcomes[0].Value.Digest, outcomes[1].Value.Digest);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Fit_CancelledInOneProcess_StopsAllAtTheSameStep(bool returnsModel)
    {
        using var folder = new TemporaryFolder();
        using var cancellation = new CancellationTokenSource();

        var outcomes = ThreadGroup.Run(2, 1, group => GroupRun.Train(
            new HookedGroup(group, (slice, _) => CancelAt(slice, group.Rank)),
            folder.Path,
            options => options with
            {
                CancellationToken = group.Rank == 1 ? cancellation.Token : default,
                ReturnModelOnCancellation = returnsModel,
            }));

        if (returnsModel)
        {
            Assert.AreEqual(outcomes[0].Value.Digest, outcomes[1].Value.Digest);
            Assert.AreEqual(TrainingEnd.Cancelled, outcomes[0].Value.Summary.End);
            Assert.AreEqual(outcomes[0].Value.Summary.Steps, outcomes[1].Value.Summary.Steps);
            Assert.IsLessThan(GroupRun.Steps, outcomes[0].Value.Summary.Steps);
        }
        else
        {
            Assert.IsInstanceOfType<OperationCanceledException>(outcomes[0].Error, outcomes[0].Error?.ToString());
            Assert.IsInstanceOfType<OperationCanceledException>(outcomes[1].Error, outcomes[1].Error?.ToString());
        }

        Assert.IsNotEmpty(Directory.GetFiles(folder.Path, "checkpoint-*"));

        void CancelAt(int slice, int rank)
        {
            if (rank == 1 && slice == 30)
            {
                cancellation.Cancel();
            }
        }
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(3)]
    public void Fit_ResumedByAnotherNumberOfProcesses_EndsWhereOneEnds(int ranks)
    {
        using var folder = new TemporaryFolder();
        var whole = ThreadGroup.Alone(1, () => GroupRun.Train(null));

        var first = ThreadGroup.Run(2, 1, group => GroupRun.Train(group, folder.Path, options => options with { NumberOfSteps = 10 }));
        var resumed = ThreadGroup.Run(ranks, 1, group => GroupRun.Train(group, folder.Path));

        Assert.AreEqual(10, first[1].Value.Summary.Steps);
        Assert.AreEqual(GroupRun.Steps, resumed[^1].Value.Summary.Steps);
        Assert.HasCount(GroupRun.Steps - 10, resumed[0].Value.Losses, "it goes on, rather than anew");
        Assert.AreEqual(whole.Summary.FinalLoss, resumed[0].Value.Summary.FinalLoss, 1e-3 * whole.Summary.FinalLoss);
        Assert.AreEqual(whole.Summary.ValidationLoss!.Value, resumed[^1].Value.Summary.ValidationLoss!.Value, 1e-3);
        Assert.HasCount(1, resumed.Select(outcome => outcome.Value.Digest).Distinct());
    }

    [TestMethod]
    public void Fit_BudgetOfTime_EndsAllAtTheSameStep()
    {
        var outcomes = ThreadGroup.Run(3, 1, group => GroupRun.Train(group, change: options => options with
        {
            NumberOfSteps = null,
            Duration = TimeSpan.FromSeconds(1.5),
            LearningRateSchedule = LearningRateSchedule.Cosine,
        }));

        Assert.HasCount(1, outcomes.Select(outcome => outcome.Value.Summary.Steps).Distinct());
        Assert.HasCount(1, outcomes.Select(outcome => outcome.Value.Digest).Distinct());
        Assert.IsGreaterThan(1, outcomes[0].Value.Summary.Steps);
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux)] // elsewhere each process reads them
    [DataRow(int.MaxValue, 1)]
    [DataRow(2, 2)]
    [DataRow(1, 4)]
    public void Fit_ProcessesOfAMachine_ReadImagesOnce(int perMachine, int readers)
    {
        var read = new ConcurrentDictionary<int, bool>();

        var outcomes = ThreadGroup.Run(
            4,
            1,
            group =>
            {
                var mlContext = new MLContext(seed: 1);
                var rows = mlContext.Data.FilterByCustomPredicate<Numbered>(Pictures.Rows(mlContext), _ =>
                {
                    read[group.Rank] = true;
                    return false;
                });
                var options = TinyModel.Labelled with { Training = TinyModel.Options.Training with { Processes = group, NumberOfSteps = 3 } };
                using var model = mlContext.Transforms.DiffusionTrainer("Generated", "Image", options).Fit(rows);
                return Weights.Digest(model);
            },
            perMachine);

        Assert.HasCount(1, outcomes.Select(outcome => outcome.Value).Distinct());
        Assert.HasCount(readers, read);
        using var alone = ThreadGroup.Alone(4, () => TinyModel.Train(TinyModel.Labelled with { Training = TinyModel.Options.Training with { NumberOfSteps = 3 } }));
        Assert.AreEqual(Weights.Digest(alone), outcomes[0].Value);
    }

    [TestMethod]
    public void Fit_OneProcess_IsAlone()
    {
        var alone = ThreadGroup.Alone(2, () => GroupRun.Train(null));

        var together = ThreadGroup.Run(1, 2, group => GroupRun.Train(group));

        Assert.AreEqual(alone.ToString(), together[0].Value.ToString());
    }

    [TestMethod]
    public void Fit_ByLibTorch_LearnsTheSame()
    {
        DiffusionTransformer Fit(ProcessGroup? group)
        {
            var options = TinyModel.On("torch");
            return TinyModel.Train(options with { Training = options.Training with { Processes = group, NumberOfSteps = 4 } });
        }

        using var alone = Fit(null);
        var together = ThreadGroup.Run(2, 1, Fit);

        Assert.AreEqual(Weights.Digest(together[0].Value), Weights.Digest(together[1].Value));
        Assert.AreEqual(alone.Training!.FinalLoss, together[0].Value.Training!.FinalLoss, 1e-4 * alone.Training.FinalLoss);
        foreach (var outcome in together)
        {
            outcome.Value.Dispose();
        }
    }

    [TestMethod]
    public void Fit_PlannedForATime_GoesByThePlanOfTheFirst()
    {
        var outcomes = ThreadGroup.Run(2, 1, group =>
        {
            var mlContext = new MLContext(seed: 1);
            using var model = mlContext.Transforms.DiffusionTrainer(
                "Generated",
                "Image",
                TimeSpan.FromSeconds(1),
                options => options with { Device = "cpu", Network = TinyModel.Options.Network, Training = options.Training with { Processes = group } })
                .Fit(Pictures.Rows(mlContext));
            return (Digest: Weights.Digest(model), model.Training!.BatchSize, model.Training.Steps);
        });

        Assert.AreEqual(outcomes[0].Value, outcomes[1].Value);
    }

    private sealed class Numbered
    {
        public int Number { get; set; }
    }
}
