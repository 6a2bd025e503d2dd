namespace Microsoft.ML.Diffusion.Tests.Persistence;

/// <summary>Damaged files through every reader, each in a child process: no crash, no hang, no file elsewhere, only documented exceptions.</summary>
[TestClass]
public sealed class HostileFileTests
{
    private const int Files = 2000;

    public TestContext TestContext { get; set; } = null!;

    private string _folder = "";

    [TestInitialize]
    public void CreateFolder() => _folder = Directory.CreateTempSubdirectory("diffusion-").FullName;

    [TestCleanup]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    [TestCategory(TestCategories.Integration)]
    [DataRow("model")]
    [DataRow("safetensors")]
    [DataRow("config")]
    [DataRow("unet")]
    [DataRow("scheduler")]
    [DataRow("statistics")]
    [DataRow("likelihood")]
    [DataRow("image")]
    [DataRow("mlnet")]
    public void Read_2000DamagedFiles_RefusesOrReadsThem(string target)
    {
        var output = ChildProcess.Run("hostile", target, "1", $"{Files}", _folder);

        var lines = output.Split('\n');
        Assert.AreEqual("", string.Join('\n', lines.Where(line => !line.StartsWith("file ", StringComparison.Ordinal)).SkipLast(1)));
        StringAssert.StartsWith(lines[^1], "refused ");
        TestContext.WriteLine($"{target}: {lines[^1]}");
        var written =
            Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories)
                .Select(path => Path.GetRelativePath(_folder, path))
                .ToArray();
        CollectionAssert.AreEqual(new[] { "file" }, written);
    }
}
