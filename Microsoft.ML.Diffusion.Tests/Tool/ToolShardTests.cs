using System.Text.Json.Nodes;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Tool;

/// <summary>diffusion generate --first and --shard, and merge, with a model of two classes.</summary>
[TestClass]
[TestCategory(TestCategories.Integration)]
public sealed class ToolShardTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Shards => _folder.File("all shards"); // with a blank, which commands must quote

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void FourShards_AreByteForByteOneRun_AndMerge()
    {
        Generate("--count", "41", "--output", _folder.File("one")).Done();
        foreach (var shard in new[] { 2, 0, 3, 1 })
        {
            Shard($"{shard}/4").Done();
        }

        var merged = ToolProcess.Run("merge", Shards, "--json").Done();
        var again = ToolProcess.Run("merge", Shards).Done();

        CollectionAssert.AreEqual(Contents(_folder.File("one")), Contents(Shards));
        Assert.HasCount(41, Contents(Shards));
        Assert.AreEqual((true, 41, 4), ((bool)merged.Document["complete"]!, (int)merged.Document["count"]!, (int)merged.Document["folders"]!));
        var manifest = JsonNode.Parse(File.ReadAllText(Path.Combine(Shards, "manifest.json")))!;
        CollectionAssert.AreEqual(
            new[] { (0, 10), (10, 10), (20, 10), (30, 11) },
            manifest["folders"]!.AsArray().Select(folder => ((int)folder!["first"]!, (int)folder["count"]!)).ToArray());
        StringAssert.StartsWith(again.Output, "All 41 images in 4 folders are there and as they were written.");
    }

    [TestMethod]
    public void First_RunsThatGoOn_AreByteForByteOneRun()
    {
        string[] parts = ["--output", _folder.File("parts")];
        Generate("--count", "5", "--output", _folder.File("one")).Done();

        Generate(["--count", "3", "--first", "0", .. parts]).Done();
        Generate(["--count", "2", "--first", "3", .. parts]).Done();
        var refused = Generate(["--count", "2", "--first", "2", .. parts]);
        Generate(["--count", "3", "--first", "0", "--force", .. parts]).Done();

        CollectionAssert.AreEqual(Contents(_folder.File("one")), Contents(_folder.File("parts")), "the part behind is no earlier run's");
        Assert.AreEqual(1, refused.ExitCode);
        StringAssert.Contains(refused.Error, $"'{Path.Combine(_folder.File("parts"), "00002.png")}' is there already.");
    }

    [TestMethod]
    public void Shard_Done_IsSkipped_AndDamaged_IsMadeAnew()
    {
        Shard("1/4").Done();
        var (image, before) = (Path.Combine(Shards, "shard-00001", "00012.png"), Contents(Shards));
        var time = File.GetLastWriteTimeUtc(image);

        var skipped = Shard("1/4").Done();
        var written = File.GetLastWriteTimeUtc(image);
        File.WriteAllBytes(image, [1, 2, 3]);
        var mended = Shard("1/4", "--json").Done();

        StringAssert.Contains(skipped.Output, $"There already: 10 images in 1 folder of {Shards}");
        Assert.AreEqual(time, written);
        Assert.IsFalse((bool)mended.Document["folders"]![0]!["was_there"]!);
        CollectionAssert.AreEqual(before, Contents(Shards));
    }

    [TestMethod]
    public void Shard_Killed_IsMadeAnewByTheSameCommand()
    {
        Shard("1/2", "--steps", "2").Done();
        var expected = Contents(Shards);
        Directory.Delete(Shards, recursive: true);
        string[] command = ["generate", SavedModel.Chain, "-q", "--count", "41", "--seed", "7", "--output", Shards, "--shard", "1/2", "--batch", "1", "--steps"];
        var folder = Path.Combine(Shards, "shard-00001");

        var wasKilled = ToolProcess.RunAndKill(() => File.Exists(Path.Combine(folder, "00025.png")), [.. command, "2"]);
        var unfinished = ToolProcess.Run("merge", Shards);
        File.WriteAllBytes(Path.Combine(folder, ".partial-x.png"), [1]);
        File.WriteAllBytes(Path.Combine(folder, "99.png"), [1]); // of a run that was cut in another way
        ToolProcess.Run([.. command, "2"]).Done();

        Assert.IsTrue(wasKilled);
        Assert.AreEqual((1, $"There is no finished shard in '{Shards}': shard-00001 is not finished. Make some: diffusion generate MODEL --count M --seed N --shard I/N --output '{Shards}'"), (unfinished.ExitCode, unfinished.Error.Split('\n')[^1]));
        CollectionAssert.AreEqual(expected, Contents(Shards));
        Assert.IsFalse(File.Exists(Path.Combine(folder, "unfinished.json")) || File.Exists(Path.Combine(folder, ".partial-x.png")));
    }

    [TestMethod]
    public void Merge_Faults_AreNamedWithTheCommandsThatMendThem()
    {
        for (var shard = 0; shard < 5; shard++)
        {
            Shard($"{shard}/5").Done();
        }

        Directory.Delete(Path.Combine(Shards, "shard-00000"), recursive: true);
        File.Delete(Path.Combine(Shards, "shard-00001", "manifest.json"));
        var image = Path.Combine(Shards, "shard-00002", "00016.png");
        File.WriteAllBytes(image, [.. File.ReadAllBytes(image)[..^1], 0]); // as long as before
        File.WriteAllBytes(Path.Combine(Shards, "shard-00003", "00001.png"), [1]);
        File.WriteAllText(Path.Combine(Shards, "shard-00004", "manifest.json"), "{}");
        var otherSeed = Generate("--count", "41", "--output", Shards, "--shard", "3/5", "--steps", "3", "--seed", "8");
        Directory.CreateDirectory(Path.Combine(Shards, "holiday"));

        var merge = ToolProcess.Run("merge", Shards, "--json");
        var text = ToolProcess.Run("merge", Shards);

        Assert.AreEqual((1, false), (merge.ExitCode, (bool)merge.Document["complete"]!));
        string[] faults = [.. merge.Document["faults"]!.AsArray().Select(fault => $"{fault!["name"]} {fault["what"]}")];
        Assert.HasCount(5, faults);
        CollectionAssert.AreEqual(
            new[]
            {
                "shard-00000 is missing",
                "shard-00001 is not finished",
                "shard-00002 holds '00016.png', whose SHA-256 is not that of its manifest",
                "shard-00003 holds '00001.png', which its manifest does not name",
            },
            faults[..4]);
        StringAssert.StartsWith(faults[4], $"shard-00004 is damaged. The manifest '{Path.Combine(Shards, "shard-00004", "manifest.json")}' cannot be used: ");
        string[] commands = [.. merge.Document["commands"]!.AsArray().Select(command => (string)command!)];
        CollectionAssert.AreEqual(
            (string[])[.. new[] { 2, 3, 4 }.Select(i => $"rm -r '{Path.Combine(Shards, $"shard-0000{i}")}'"), .. Enumerable.Range(0, 5).Select(i => $"diffusion generate format1-chain.zip --seed 7 --steps 3 --count 41 --shard {i}/5 --output '{Shards}'")],
            commands);
        StringAssert.Contains(text.Output, "No manifest is written. This makes what is missing:\n  rm -r ");
        Assert.IsFalse(File.Exists(Path.Combine(Shards, "manifest.json")));
        Assert.AreEqual(
            (1, $"'{Path.Combine(Shards, "shard-00003")}' holds images of another run: its generation is 'DDIM, 3 trailing steps, eta 0.5, x_0 clipped to [-1, 1], guidance 1.5, seed 7', not 'DDIM, 3 trailing steps, eta 0.5, x_0 clipped to [-1, 1], guidance 1.5, seed 8'. Name another --output, or add --force to replace them."),
            (otherSeed.ExitCode, otherSeed.Error.Split('\n')[^1]));
    }

    [TestMethod]
    public void Shard_FolderOfSomebodyElse_NeedsForceAndKeepsOtherFiles()
    {
        var holiday = _folder.Write("all shards/shard-00002/holiday.png", PictureFiles.Encode());

        var refused = Shard("2/4");
        Shard("2/4", "--force").Done();

        Assert.AreEqual(
            (1, $"'{Path.Combine(Shards, "shard-00002")}' is there already and no shard of this tool. Add --force to replace the numbered images in it, or name another --output."),
            (refused.ExitCode, refused.Error.Split('\n')[^1]));
        Assert.IsTrue(File.Exists(holiday));
    }

    [TestMethod]
    [DataRow("5", "4", "7", "4", null, "--shard", "1/4")]
    [DataRow("5", "4", "7", "4", null, "--shard=auto", "1/4")]
    [DataRow("5", "5", "9", "2", null, "--shard=auto/10", "5/10")]
    [DataRow("", null, null, null, "2", "--shard=auto/3", "2/3")]
    public void Shard_OfAJobArray_IsThatOfTheTask(string? id, string? first, string? last, string? count, string? index, string option, string expected)
    {
        var run = InArray(id, first, last, count, index, option).Done();

        Assert.AreEqual(expected, (string)run.Document["shard"]!);
    }

    [TestMethod]
    [DataRow(null, null, null, null, null, "--shard", "--shard auto takes the number of a task of SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX, but neither is set: this process is of no job array. Give it as I/N.")]
    [DataRow("1", "1", "2", "2", "0", "--shard=auto/4", "--shard auto takes the number of a task of SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX, but both are set. Give it as I/N.")]
    [DataRow(null, null, null, null, "2", "--shard=auto", "--shard auto cannot tell the number of shards, because JOB_COMPLETION_INDEX comes without one. Give it as auto/N, with the completions of the Job as N.")]
    [DataRow("7", "3", "7", "2", null, "--shard=auto", "--shard auto needs an array of tasks that follow each other, because it takes the number of shards of SLURM_ARRAY_TASK_MIN, SLURM_ARRAY_TASK_MAX and SLURM_ARRAY_TASK_COUNT, but they are 3, 7 and 2. To repeat some tasks of N, counted from 0, give it as auto/N.")]
    [DataRow("7", null, null, null, null, "--shard=auto", "--shard auto needs an array of tasks that follow each other, because it takes the number of shards of SLURM_ARRAY_TASK_MIN, SLURM_ARRAY_TASK_MAX and SLURM_ARRAY_TASK_COUNT, but they are not set, not set and not set. To repeat some tasks of N, counted from 0, give it as auto/N.")]
    [DataRow("4", "1", "4", "4", null, "--shard=auto/4", "--shard must be from 0/4 to 3/4 for 4 shards, but is 4 by SLURM_ARRAY_TASK_ID. Count tasks from 0.")]
    [DataRow("x", "1", "4", "4", null, "--shard=auto", "SLURM_ARRAY_TASK_ID must be a whole number of at least 0, but is 'x'. Give --shard as I/N.")]
    [DataRow(null, null, null, null, null, "--shard=4/4", "--shard must be from 0/4 to 3/4 for 4 shards, but is '4/4'. Count tasks from 0.")]
    [DataRow(null, null, null, null, null, "--shard=1", "--shard must be I/N, such as 0/4 for the first of four, auto or auto/N, but is '1'.")]
    [DataRow(null, null, null, null, null, "--shard=0/42", "--shard must be of at most 41 shards, because each has a picture of --count at least, but is of 42.")]
    public void Shard_ThatDoesNotFit_IsNamedAsTyped(string? id, string? first, string? last, string? count, string? index, string option, string message)
    {
        var run = InArray(id, first, last, count, index, option);

        Assert.AreEqual((2, message), (run.ExitCode, run.Error));
        Assert.IsFalse(Directory.Exists(Shards));
    }

    private static ToolProcess.Result Generate(params string[] arguments) =>
        ToolProcess.Run(["generate", SavedModel.Chain, "-q", .. arguments.Contains("--seed") ? [] : (string[])["--seed", "7"], .. arguments.Contains("--steps") ? [] : (string[])["--steps", "3"], .. arguments]);

    // By their names, in whichever folder.
    private static string[] Contents(string folder) =>
    [
        .. Directory.EnumerateFiles(folder, "*.png", SearchOption.AllDirectories)
            .OrderBy(Path.GetFileName, StringComparer.Ordinal)
            .Select(path => $"{Path.GetFileName(path)} {Convert.ToHexString(File.ReadAllBytes(path))}"),
    ];

    private ToolProcess.Result Shard(string shard, params string[] arguments) =>
        Generate(["--count", "41", "--output", Shards, "--shard", shard, .. arguments]);

    private ToolProcess.Result InArray(string? id, string? first, string? last, string? count, string? index, string option)
    {
        (string Name, string? Value)[] variables =
        [
            ("SLURM_ARRAY_TASK_ID", id),
            ("SLURM_ARRAY_TASK_MIN", first),
            ("SLURM_ARRAY_TASK_MAX", last),
            ("SLURM_ARRAY_TASK_COUNT", count),
            ("JOB_COMPLETION_INDEX", index),
        ];
        return ToolProcess.RunWith(
            variables.Select(variable => (variable.Name, variable.Value ?? "")),
            "generate", SavedModel.Chain, "-q", "--count", "41", "--seed", "7", "--steps", "1", "--output", Shards, option, "--json");
    }
}
