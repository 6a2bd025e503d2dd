using System.Runtime.InteropServices;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Groups;

/// <summary>What goes wrong in one process of a group, or differs there, is said by all.</summary>
[TestClass]
public sealed class GroupFaultTests
{
    [TestMethod]
    public void Fit_NoNumberInOneProcess_IsSkippedByAll()
    {
        var outcomes = ThreadGroup.Run(2, 1, group => GroupRun.Train(HookedGroup.Poisoned(group)));

        Assert.AreEqual(1, outcomes[0].Value.Summary.SkippedSteps);
        Assert.AreEqual(1, outcomes[1].Value.Summary.SkippedSteps);
        Assert.AreEqual(outcomes[0].Value.Digest, outcomes[1].Value.Digest);
        Assert.IsTrue(outcomes[1].Value.Weights.All(float.IsFinite));
    }

    [TestMethod]
    public void Fit_Diverged_IsSaidByAll_AndEndsNobody()
    {
        var outcomes = ThreadGroup.Run(2, 1, group => GroupRun.Train(
            HookedGroup.Poisoned(group),
            change: options => options with { MaximumConsecutiveSkippedSteps = 0 }));

        foreach (var outcome in outcomes)
        {
            StringAssert.StartsWith(outcome.Error?.Message, "Training diverged at step");
        }
    }

    [TestMethod]
    public void Fit_ProcessThatThrowsInTraining_EndsTheOthers()
    {
        var outcomes = ThreadGroup.Run(2, 1, group => GroupRun.Train(new HookedGroup(group, (slice, _) =>
        {
            if (group.Rank == 1 && slice == 30)
            {
                throw new NotSupportedException("the disk is gone");
            }
        })));

        Assert.IsInstanceOfType<NotSupportedException>(outcomes[1].Error);
        Assert.IsInstanceOfType<ThreadGroup.AbortedException>(outcomes[0].Error, outcomes[0].Error?.ToString());
        Assert.AreEqual("Rank 1 of 2 failed and ends the training of all: NotSupportedException: the disk is gone", outcomes[0].Error!.Message);
    }

    [TestMethod]
    public void Fit_ProcessThatThrowsBefore_IsToldToTheOthers()
    {
        using var folder = new TemporaryFolder();
        using var held = new FileStream(folder.File("lock"), FileMode.Create, FileAccess.ReadWrite, FileShare.None);

        var outcomes = ThreadGroup.Run(2, 1, group => GroupRun.Train(group, folder.Path));

        StringAssert.Contains(outcomes[0].Error?.Message, "cannot be used");
        StringAssert.StartsWith(outcomes[1].Error?.Message, "Rank 0 of 2 failed: CheckpointDirectory");
    }

    [TestMethod]
    public void Fit_WeightsThatDriftApart_AreNoticedAtACheckpoint()
    {
        var outcomes = ThreadGroup.Run(2, 1, group => GroupRun.Train(
            new HookedGroup(group, (_, _) => { }, (slice, sums) =>
            {
                if (group.Rank == 1 && slice == 30)
                {
                    Marshal.WriteInt32(sums, BitConverter.SingleToInt32Bits(1));
                }
            }),
            change: options => options with { CheckpointEverySteps = 8 }));

        foreach (var outcome in outcomes)
        {
            StringAssert.StartsWith(outcome.Error?.Message, "After step 8 the weights of rank 1 are not those of rank 0, though both took the same steps");
        }
    }

    [TestMethod]
    public void Fit_OtherOptionsInOneProcess_AreRefusedByAll()
    {
        var outcomes = ThreadGroup.Run(2, 1, group => GroupRun.Train(group, change: options => options with
        {
            LearningRate = group.Rank == 0 ? 1e-3 : 2e-3,
            NumberOfSteps = group.Rank == 0 ? 10 : 20,
            ReportEverySteps = group.Rank == 0 ? 1 : 7,
        }));

        foreach (var outcome in outcomes)
        {
            Assert.AreEqual(
                "The processes of a training must be given the same options and images: LearningRate is 0.001 in rank 0, 0.002 in rank 1; NumberOfSteps is 10 in rank 0, 20 in rank 1. Start all with the same program, arguments and files.",
                outcome.Error?.Message);
        }
    }

    [TestMethod]
    public void Fit_ValidationInOneProcessOnly_IsRefusedByAll()
    {
        var outcomes = ThreadGroup.Run(2, 1, group =>
        {
            var mlContext = new MLContext(seed: 1);
            var options = TinyModel.Options with { Training = TinyModel.Options.Training with { Processes = group } };
            var (estimator, rows) = (mlContext.Transforms.DiffusionTrainer("Generated", "Image", options), Pictures.Rows(mlContext));
            return group.Rank == 0 ? estimator.Fit(rows) : estimator.Fit(rows, rows);
        });

        foreach (var outcome in outcomes)
        {
            Assert.AreEqual(
                "Rank 1 is about to exchange machines, rank 0 options. All processes of a training must call Fit with the same arguments.",
                outcome.Error?.Message);
        }
    }

    [TestMethod]
    public void Fit_OtherImagesOnOneMachine_AreRefusedByAll()
    {
        var outcomes = ThreadGroup.Run(
            2,
            1,
            group =>
            {
                var mlContext = new MLContext(seed: 1);
                var options = TinyModel.Options with { Training = TinyModel.Options.Training with { Processes = group } };
                return mlContext.Transforms.DiffusionTrainer("Generated", "Image", options)
                    .Fit(mlContext.Data.TakeRows(Pictures.Rows(mlContext), 8 - group.Rank));
            },
            perMachine: 1);

        foreach (var outcome in outcomes)
        {
            StringAssert.Contains(outcome.Error?.Message, "Images is 8 of ");
            StringAssert.Contains(outcome.Error?.Message, " in rank 0, 7 of ");
        }
    }

    [TestMethod]
    public void Fit_FewerImagesThanParts_IsRefusedByAll()
    {
        var outcomes = ThreadGroup.Run(3, 2, group => GroupRun.Train(group));

        foreach (var outcome in outcomes)
        {
            var error = (ArgumentOutOfRangeException)outcome.Error!;
            Assert.AreEqual("BatchSize", error.ParamName);
            StringAssert.StartsWith(
                error.Message,
                "BatchSize must be at least GradientAccumulationSteps times 6, because 3 processes of 2, 2, 2 threads each learn from an image or more of what goes through the network at once. Raise it, or start fewer processes.");
        }
    }
}
