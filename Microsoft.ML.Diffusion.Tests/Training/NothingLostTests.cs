using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Training;

/// <summary>What goes wrong around a training, and costs nothing of it.</summary>
[TestClass]
public sealed class NothingLostTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private TrainingOptions Training => TinyModel.Options.Training with
    {
        NumberOfSteps = 10,
        CheckpointDirectory = _folder.Path,
        CheckpointEverySteps = 4,
        KeepCheckpoints = 9,
        ReportEverySteps = 1,
    };

    [TestMethod]
    public void Fit_CheckpointThatCannotBeRead_IsAnErrorAndChangesNothing()
    {
        Train(Training);
        var (before, newest) = (Content(), _folder.Checkpoints[0]);
        InvalidOperationException error;
        using (new FileStream(newest, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            error = Assert.ThrowsExactly<InvalidOperationException>(() => Train(Training));
        }

        StringAssert.StartsWith(error.Message, $"Checkpoint {newest} cannot be read (");
        StringAssert.EndsWith(
            error.Message,
            "), so it is not known how far the run came. Nothing was changed. Make it readable, or delete it to go on from the one before it; or name another CheckpointDirectory to train anew.");
        CollectionAssert.AreEqual(before, Content());
    }

    [TestMethod]
    public void Fit_NoCheckpointIsWhole_IsAnErrorAndChangesNothing()
    {
        Train(Training);
        foreach (var file in _folder.Checkpoints)
        {
            File.WriteAllBytes(file, File.ReadAllBytes(file)[..^1]);
        }

        File.WriteAllText(_folder.File(".checkpoint-0000000001.safetensors.abcdefgh.ijk.tmp"), "left by a process that was killed");
        var before = Content();

        var error = Assert.ThrowsExactly<InvalidOperationException>(() => Train(Training));

        StringAssert.StartsWith(
            error.Message,
            $"CheckpointDirectory '{_folder.Path}' holds no checkpoint that is whole: the newest, checkpoint-0000000010.safetensors, is damaged (");
        StringAssert.EndsWith(
            error.Message,
            "), and so are the 2 before it. Nothing was changed. Bring one back from a copy; or delete them, or name another folder, to train anew.");
        CollectionAssert.AreEqual(before, Content());
    }

    [TestMethod]
    public void Fit_ProgressThrows_TheLastStepIsSaved() =>
        Interrupt(Training with { Progress = new Direct<TrainingProgress>(progress => ThrowAt(6, progress.Step)) });

    [TestMethod]
    public void Fit_SampleGridThrows_TheLastStepIsSaved() =>
        Interrupt(
            Training with { SampleGrid = new SampleGridOptions { EverySteps = 3, NumberOfImages = 1, Show = (step, _) => ThrowAt(6, step) } });

    [TestMethod]
    public void Fit_CheckpointCannotBeWritten_WarnsAndTrainsOn()
    {
        var mlContext = new MLContext(seed: 3);
        var messages = new List<string>();
        mlContext.Log += (_, e) => messages.Add(e.Message);
        Directory.CreateDirectory(_folder.File("checkpoint-0000000004.safetensors"));

        Train(Training, mlContext);

        string[] expected = ["checkpoint-0000000008.safetensors", "checkpoint-0000000010.safetensors"];
        CollectionAssert.AreEqual(expected, _folder.Checkpoints.Select(Path.GetFileName).Order(StringComparer.Ordinal).ToArray());
        Assert.IsTrue(
            messages.Any(
                message => message.Contains("The checkpoint of step 4 is not written, and training goes on without it. ", StringComparison.Ordinal)),
            string.Join('\n', messages));
    }

    [TestMethod]
    public void Fit_NoCheckpointCanBeWritten_TheModelIsNotLost()
    {
        foreach (var step in (int[])[4, 8, 10])
        {
            Directory.CreateDirectory(_folder.File($"checkpoint-{step:D10}.safetensors"));
        }

        Assert.AreEqual(Train(Training with { CheckpointDirectory = null }), Train(Training));
    }

    public void Dispose() => _folder.Dispose();

    private static void ThrowAt(int step, int current)
    {
        if (current == step)
        {
            throw new NotSupportedException("the user's");
        }
    }

    private static string Train(TrainingOptions training, MLContext? mlContext = null)
    {
        using var model = TinyModel.Train(TinyModel.Options with { Training = training }, mlContext);
        return Weights.Digest(model);
    }

    private void Interrupt(TrainingOptions training)
    {
        Assert.AreEqual("the user's", Assert.ThrowsExactly<NotSupportedException>(() => Train(training)).Message);

        Assert.AreEqual("checkpoint-0000000006.safetensors", Path.GetFileName(_folder.Checkpoints[0]));
        Assert.AreEqual(Train(Training with { CheckpointDirectory = null }), Train(Training));
    }

    private List<string> Content() =>
        [.. Directory.GetFiles(_folder.Path).Order(StringComparer.Ordinal).Select(file => $"{file} {Convert.ToHexString(File.ReadAllBytes(file))}")];
}
