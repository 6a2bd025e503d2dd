using System.Diagnostics;
using System.Runtime.Versioning;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Images;

/// <summary>Which files of a folder are looked at: links, names that cannot be read, and what systems leave there.</summary>
[TestClass]
public sealed class FolderListingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TemporaryFolder _elsewhere = new();

    public void Dispose()
    {
        _folder.Dispose();
        _elsewhere.Dispose();
    }

    [TestMethod]
    [OSCondition(ConditionMode.Exclude, OperatingSystems.Windows)]
    [UnsupportedOSPlatform("windows")]
    public void LoadImages_LinksToFiles_AreFollowed()
    {
        _folder.Write("real/a.png", PictureFiles.Encode());
        Link("b.png", "real/a.png");
        Link("gone.png", "nowhere.png");

        Expect(["b.png", "real/a.png"], [("gone.png", "the file is not there any more, or is a link to nothing")]);
    }

    [TestMethod]
    [OSCondition(ConditionMode.Exclude, OperatingSystems.Windows)]
    [UnsupportedOSPlatform("windows")]
    public void LoadImages_LinkToAFolderElsewhere_IsAClass()
    {
        _folder.Write("cat/a.png", PictureFiles.Encode());
        _elsewhere.Write("animals/deep/b.png", PictureFiles.Encode());
        Link("dog", _elsewhere.File("animals"));

        var loaded = Expect(["cat/a.png", "dog/deep/b.png"], []);

        var names = default(VBuffer<ReadOnlyMemory<char>>);
        loaded.Data.Schema["Label"].GetKeyValues(ref names);
        CollectionAssert.AreEqual(new[] { "cat", "dog" }, names.DenseValues().Select(name => name.ToString()).ToArray());
    }

    [TestMethod]
    [OSCondition(ConditionMode.Exclude, OperatingSystems.Windows)]
    [UnsupportedOSPlatform("windows")]
    public void LoadImages_LinksThatMeet_ReadEachFolderOnce()
    {
        _folder.Write("z/a.png", PictureFiles.Encode());
        Link("a", "z"); // the folder's own place counts, not the first in the order
        Link("z/circle", "..");
        _elsewhere.Write("b.png", PictureFiles.Encode());
        Directory.CreateSymbolicLink(_elsewhere.File("back"), _folder.Path);
        Link("y1", _elsewhere.Path);
        Link("y2", "y1"); // a link to a link

        Expect(
            ["y1/b.png", "z/a.png"],
            [
                ("a", "the folder is read already, as 'z'"),
                ("y1/back", "the folder is read already, as '.'"),
                ("y2", "the folder is read already, as 'y1'"),
                ("z/circle", "the folder is read already, as '.'"),
            ]);
    }

    [TestMethod]
    [OSCondition(ConditionMode.Exclude, OperatingSystems.Windows)]
    [UnsupportedOSPlatform("windows")]
    public void LoadImages_FolderItselfBehindALink_IsRead()
    {
        _folder.Write("set/a.png", PictureFiles.Encode());
        Link("set/again", "../set");
        Link("current", "set");

        var loaded = new MLContext().Diffusion.LoadImages(_folder.File("current"));

        Assert.AreEqual(1, loaded.Count);
        Assert.AreEqual(("again", "the folder is read already, as '.'"), (loaded.Skipped[0].Path, loaded.Skipped[0].Reason));
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux)]
    public void LoadImages_NamesThatAreNotUtf8_AreSkippedForThat()
    {
        _folder.Write("a.png", PictureFiles.Encode());
        _folder.Write("\uFFFD.png", PictureFiles.Encode()); // a name of its own, which opens
        Shell("cp a.png \"$(printf 'caf\\351.png')\" && mkdir \"$(printf '\\344pfel')\" && cp a.png \"$(printf '\\344pfel')\"/");

        const string Reason = "its name is not UTF-8: rename it";
        try
        {
            Expect(["a.png", "\uFFFD.png"], [("caf\uFFFD.png", Reason), ("\uFFFDpfel", Reason)]);
        }
        finally
        {
            Shell("rm -r caf* *pfel"); // .NET cannot
        }
    }

    [TestMethod]
    public void LoadImages_WhatSystemsLeave_IsPassedOver()
    {
        string[] folders = ["@eaDir", "cat/@eaDir/a.png", "__MACOSX/cat", "$RECYCLE.BIN", "System Volume Information", "lost+found", "#recycle", ".thumbnails"];
        foreach (var folder in folders)
        {
            _folder.Write($"{folder}/thumb.png", PictureFiles.Encode());
        }

        foreach (var file in new[] { "Thumbs.db", "cat/desktop.ini", "cat/.DS_Store", "__MACOSX/cat/._a.png" })
        {
            _folder.Write(file, [0]);
        }

        _folder.Write("cat/a.png", PictureFiles.Encode());
        Directory.CreateDirectory(_folder.File("empty"));
        _folder.Write("emptier/none.png", []);

        var loaded = Expect(["cat/a.png"], [("emptier/none.png", "the file is empty")]);

        Assert.AreEqual("cat 1", string.Join(", ", new MLContext().Diffusion.InspectImages(_folder.Path).Classes));
        Assert.AreEqual(1u, loaded.Data.GetColumn<uint>("Label").Single());
    }

    private void Link(string name, string target)
    {
        if (Directory.Exists(Path.Combine(Path.GetDirectoryName(_folder.File(name))!, target)))
        {
            Directory.CreateSymbolicLink(_folder.File(name), target);
        }
        else
        {
            File.CreateSymbolicLink(_folder.File(name), target);
        }
    }

    // Names of any bytes can be made only by other means than .NET's.
    private void Shell(string command)
    {
        using var shell = Process.Start(new ProcessStartInfo("sh", ["-c", command]) { WorkingDirectory = _folder.Path })!;
        shell.WaitForExit();
        Assert.AreEqual(0, shell.ExitCode);
    }

    private LoadedImages Expect(string[] images, (string Path, string Reason)[] skipped)
    {
        var loaded = new MLContext().Diffusion.LoadImages(_folder.Path);
        CollectionAssert.AreEqual(
            images,
            loaded.Data.GetColumn<string>("ImagePath").Select(path => Path.GetRelativePath(_folder.Path, path).Replace('\\', '/')).ToArray());
        CollectionAssert.AreEqual(skipped, loaded.Skipped.Select(file => (file.Path, file.Reason)).ToArray());
        return loaded;
    }
}
