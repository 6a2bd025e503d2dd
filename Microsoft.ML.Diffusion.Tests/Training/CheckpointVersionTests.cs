using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Diffusion.Training.Checkpoints;

namespace Microsoft.ML.Diffusion.Tests.Training;

/// <summary>Checkpoints of other versions are refused by name, and this version's are byte for byte what they were.</summary>
[TestClass]
public sealed class CheckpointVersionTests
{
    // Written before there were streams of random numbers. Passing it over would begin the run anew, unnoticed.
    [TestMethod]
    public void Fit_CheckpointOfAnEarlierVersion_IsRefusedByName()
    {
        using var folder = new TemporaryFolder();
        File.Copy(SavedModel.OldCheckpoint, folder.File("checkpoint-0000000003.safetensors"));
        var training = TinyModel.Options.Training with { CheckpointDirectory = folder.Path, NumberOfSteps = 3 };

        Messages.Expect<InvalidOperationException>(
            $"CheckpointDirectory '{folder.Path}' holds a run that an earlier version of Microsoft.ML.Diffusion began, with other random numbers than this one draws (checkpoint-0000000003.safetensors): it cannot end here as it would have there. Finish it with the version that began it, or name another folder to train anew.",
            () => TinyModel.Train(TinyModel.Options with { Training = training }));
        Assert.HasCount(1, folder.Checkpoints);
    }

    [TestMethod]
    public void Fit_CheckpointOfAnEarlierVersionThatIsDamaged_IsDamaged()
    {
        using var folder = new TemporaryFolder();
        var bytes = File.ReadAllBytes(SavedModel.OldCheckpoint);
        bytes[^1000] ^= 4;
        File.WriteAllBytes(folder.File("checkpoint-0000000003.safetensors"), bytes);
        var training = TinyModel.Options.Training with { CheckpointDirectory = folder.Path, NumberOfSteps = 3 };

        var error =
            Assert.ThrowsExactly<InvalidOperationException>(() => TinyModel.Train(TinyModel.Options with { Training = training }));

        StringAssert.Contains(error.Message, "holds no checkpoint that is whole");
    }

    [TestMethod]
    [DataRow(2, 2)]
    [DataRow(3, 1)]
    public void Checkpoint_OfALaterVersion_IsRefusedByName(int version, int streams)
    {
        Checkpoint.CheckVersions("/runs/photos/checkpoint-0000000003.safetensors", version: 2, streams: 1);

        var error =
            Assert.ThrowsExactly<InvalidOperationException>(
                () => Checkpoint.CheckVersions(Path.Combine("runs", "photos", "checkpoint-0000000003.safetensors"), version, streams));

        Assert.AreEqual(
            $"CheckpointDirectory '{Path.Combine("runs", "photos")}' holds a run that a later version of Microsoft.ML.Diffusion began, with other random numbers than this one draws (checkpoint-0000000003.safetensors): it cannot end here as it would have there. Update the package, or name another folder to train anew.",
            error.Message);
    }

    // The SHA-256 of such a file as written at commit 188a6d7, where the numbers were tensors of TorchSharp.
    [TestMethod]
    public void Checkpoint_FixedNumbers_IsByteForByteWhatItWas()
    {
        static float[] Wave(int count, double phase) => [.. Enumerable.Range(0, count).Select(i => (float)Math.Sin((0.37 * i) + phase))];
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "fixed.safetensors");

        Checkpoint.Write(
            path,
            new CheckpointState(Seed: 7, Step: 3, new MeterState(LastLoss: 0.5), new ValidationState()),
            new RunIdentity(new(StringComparer.Ordinal) { ["Images"] = "3 of 8x8" }),
            [
                CheckpointNumbers.Of("weights", Wave(48, 0)),
                CheckpointNumbers.Of("first_moments", Wave(48, 1)),
                CheckpointNumbers.Of("second_moments", Wave(48, 2)),
                CheckpointNumbers.Of("average", Wave(48, 3)),
                CheckpointNumbers.Of("updates", 3.0),
                CheckpointNumbers.Of("loss_squares", new[] { 0.25, 1, 4 }),
                CheckpointNumbers.Of("loss_counts", new[] { 1, 2, 0 }),
                CheckpointNumbers.Of("best", Wave(48, 4)),
            ]);

        Assert.AreEqual(
            "2e27024ab117aa52a759e78e5499eb39351ff126817702701a4e6a5d612a1350",
            Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path))));
        using var checkpoint = Checkpoint.Open(path);
        var numbers = new float[48];
        checkpoint.CopyTo<float>("average", numbers);
        CollectionAssert.AreEqual(Wave(48, 3), numbers);
        Assert.AreEqual(
            "Tensor 'updates' is 1 of F64, expected 48 of F32.",
            Assert.ThrowsExactly<FormatException>(() => checkpoint.CopyTo<float>("updates", numbers)).Message);
    }
}
