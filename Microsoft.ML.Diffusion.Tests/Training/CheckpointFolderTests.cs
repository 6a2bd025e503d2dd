using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Diffusion.Training.Checkpoints;

namespace Microsoft.ML.Diffusion.Tests.Training;

/// <summary>Whose folder it is.</summary>
[TestClass]
public sealed class CheckpointFolderTests
{
    [TestMethod]
    public async Task Folder_OfAProcessThatIsStillGoing_IsWaitedFor()
    {
        using var folder = new TemporaryFolder();
        var other = new CheckpointFolder(folder.Path, keep: 1);

        var opening = Task.Run(() => new CheckpointFolder(folder.Path, keep: 1));
        await Task.WhenAny(opening, Task.Delay(200)); // it must be turned away at least once
        Assert.IsFalse(opening.IsCompleted);
        other.Dispose();

        (await opening).Dispose();
    }
}
