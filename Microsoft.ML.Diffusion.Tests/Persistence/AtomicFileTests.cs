using System.Runtime.Versioning;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Persistence;

[TestClass]
public sealed class AtomicFileTests
{
    private string _folder = "";

    private string FilePath => Path.Combine(_folder, "file.bin");

    [TestInitialize]
    public void CreateFolder() => _folder = Directory.CreateTempSubdirectory("diffusion-").FullName;

    [TestCleanup]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    public void Write_AgainAndAgain_LeavesTheLastAndNothingElse()
    {
        for (var number = 1; number <= 3; number++)
        {
            NumberedFile.Write(FilePath, number);

            Assert.AreEqual(number, NumberedFile.Read(FilePath));
        }

        AssertOnlyTheFile();
    }

    [TestMethod]
    public void Write_RelativePath_IsThatOfTheProcess()
    {
        NumberedFile.Write(Path.GetRelativePath(Environment.CurrentDirectory, FilePath), 1);

        Assert.AreEqual(1, NumberedFile.Read(FilePath));
    }

    [TestMethod]
    public void Write_FailsHalfway_KeepsTheOldFile()
    {
        NumberedFile.Write(FilePath, 1);

        Assert.ThrowsExactly<InvalidOperationException>(() => AtomicFile.Write(FilePath, stream =>
        {
            stream.Write(new byte[100_000]);
            throw new InvalidOperationException();
        }));

        Assert.AreEqual(1, NumberedFile.Read(FilePath));
        AssertOnlyTheFile();
    }

    [TestMethod]
    public void Write_ReadOnlyFile_IsRefused()
    {
        NumberedFile.Write(FilePath, 1);
        File.SetAttributes(FilePath, FileAttributes.ReadOnly);

        Messages.Expect<UnauthorizedAccessException>(
            $"The file {FilePath} could not be written, and what was there before is unchanged: it is read-only. Make it writable or choose another name.",
            () => NumberedFile.Write(FilePath, 2));

        Assert.AreEqual(1, NumberedFile.Read(FilePath));
        File.SetAttributes(FilePath, FileAttributes.Normal);
        AssertOnlyTheFile();
    }

    [TestMethod]
    public void Write_NoFolder_SaysSo()
    {
        var path = Path.Combine(_folder, "none", "file.bin");

        Messages.Expect<IOException>(
            $"The file {path} could not be written, and what was there before is unchanged: Could not find a part of the path '{Path.Combine(_folder, "none")}'.",
            () => NumberedFile.Write(path, 1));
    }

    [TestMethod]
    public void Write_OntoAFolder_SaysSo() => Messages.Expect<IOException>(
        $"The file {_folder} could not be written, and what was there before is unchanged: there is a folder of this name.",
        () => NumberedFile.Write(_folder, 1));

    [TestMethod]
    [OSCondition(ConditionMode.Exclude, OperatingSystems.Windows)]
    [UnsupportedOSPlatform("windows")]
    public void Write_ExistingFile_KeepsItsPermissions()
    {
        NumberedFile.Write(FilePath, 1);
        const UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;
        File.SetUnixFileMode(FilePath, mode);

        NumberedFile.Write(FilePath, 2);

        Assert.AreEqual(mode, File.GetUnixFileMode(FilePath));
    }

    [TestMethod]
    [OSCondition(ConditionMode.Exclude, OperatingSystems.Windows)]
    [UnsupportedOSPlatform("windows")]
    public void Write_ThroughALink_ReplacesWhatItLeadsTo()
    {
        NumberedFile.Write(FilePath, 1);
        var folder = Directory.CreateDirectory(Path.Combine(_folder, "links")).FullName;
        var link = Path.Combine(folder, "link");
        File.CreateSymbolicLink(link, "../file.bin");

        NumberedFile.Write(link, 2);

        Assert.AreEqual(2, NumberedFile.Read(FilePath));
        Assert.AreEqual("../file.bin", new FileInfo(link).LinkTarget);
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux)]
    [SupportedOSPlatform("linux")]
    public void Write_ForbiddenFolder_KeepsTheOldFile()
    {
        NumberedFile.Write(FilePath, 1);
        Exception? thrown = null;

        OtherUser.Run(_folder, () => thrown = Assert.Throws<UnauthorizedAccessException>(() => NumberedFile.Write(FilePath, 2)));

        StringAssert.StartsWith(
            thrown!.Message,
            $"The file {FilePath} could not be written, and what was there before is unchanged: Access to the path '{_folder}");
        Assert.AreEqual(1, NumberedFile.Read(FilePath));
        AssertOnlyTheFile();
    }

    [TestMethod]
    [TestCategory(TestCategories.Integration)]
    [OSCondition(OperatingSystems.Linux)]
    [SupportedOSPlatform("linux")]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(100_000)]
    [DataRow(200_003)]
    public void Write_NoRoomLeft_KeepsTheOldFile(int bytes)
    {
        NumberedFile.Write(FilePath, 1);

        var output = ChildProcess.Run("write-limited", FilePath, $"{bytes}");

        Assert.AreEqual(
            $"The file {FilePath} could not be written, and what was there before is unchanged: the system allows no file of its size.",
            output);
        Assert.AreEqual(1, NumberedFile.Read(FilePath));
        AssertOnlyTheFile();
    }

    [TestMethod]
    [TestCategory(TestCategories.Integration)]
    public void Write_KilledAt50Moments_LeavesTheOldOrTheNewFile()
    {
        NumberedFile.Write(FilePath, 0);
        var (random, last, leftovers) = (new Random(1), 0, 0);
        for (var i = 0; i < 50; i++)
        {
            using var child = ChildProcess.Start("write-forever", FilePath);
            Assert.AreEqual("started", child.StandardOutput.ReadLine());
            // Not a wait for something: the random moment at which the process is killed.
            Thread.Sleep(TimeSpan.FromMilliseconds(5 * random.NextDouble()));
            child.Kill();
            child.WaitForExit();

            var number = NumberedFile.Read(FilePath);
            Assert.IsGreaterThanOrEqualTo(last, number);
            last = number;
            leftovers += Directory.GetFiles(_folder, ".file.bin.*.tmp").Length > 0 ? 1 : 0;
        }

        Assert.IsGreaterThan(0, last);
        Assert.IsGreaterThan(0, leftovers, "No kill came in the middle of a write.");

        NumberedFile.Write(FilePath, 1);
        NumberedFile.Write($"{FilePath}.warm", 1);
        CollectionAssert.AreEquivalent(new[] { FilePath, $"{FilePath}.warm" }, Directory.GetFiles(_folder));
    }

    [TestMethod]
    public void Write_ManyAtATime_LeavesOneOfThem()
    {
        Parallel.For(1, 100, new ParallelOptions { MaxDegreeOfParallelism = 4 }, number => NumberedFile.Write(FilePath, number));

        Assert.IsGreaterThan(0, NumberedFile.Read(FilePath));
        AssertOnlyTheFile();
    }

    private void AssertOnlyTheFile() => CollectionAssert.AreEqual(new[] { FilePath }, Directory.GetFileSystemEntries(_folder));
}
