using Microsoft.ML.Diffusion.Engines.Torch;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests;

/// <summary>Where libtorch is looked for, in folders made for it, by the names of every system.</summary>
[TestClass]
public sealed class NativeFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    [DataRow("linux-x64", "libtorch_cpu.so")]
    [DataRow("osx-arm64", "libtorch_cpu.dylib")]
    [DataRow("win-x64", "torch_cpu.dll")]
    public void Find_ApplicationsFolders_InTheOrderOfDotNet(string platform, string name)
    {
        var places = (string[])["first", "second", "own", $"own/runtimes/{platform}/native", "app", $"app/runtimes/{platform}/native"];
        foreach (var place in places)
        {
            _folder.Write($"{place}/{name}", []);
        }

        var files = Files(platform, "own/TorchSharp.dll", "first", "second");

        foreach (var place in places)
        {
            Assert.AreEqual(_folder.File($"{place}/{name}"), files.Find("torch_cpu"));
            File.Delete(_folder.File($"{place}/{name}"));
        }

        Assert.IsNull(files.Find("torch_cpu"));
    }

    [TestMethod]
    [DataRow("linux-x64", "win-x64/native/torch_cpu.dll")]
    [DataRow("linux-x64", "linux-arm64/native/libtorch_cpu.so")]
    [DataRow("osx-arm64", "linux-x64/native/libtorch_cpu.so")]
    [DataRow("win-x64", "win-x64/native/libtorch_cpu.so")]
    public void Find_LibraryOfAnotherSystem_FindsNone(string platform, string file)
    {
        _folder.Write($"app/runtimes/{file}", []);

        Assert.IsNull(Files(platform, "app/TorchSharp.dll").Find("torch_cpu"));
    }

    [TestMethod]
    public void Folders_NoHostAndOneFile_AreTheApplications()
    {
        var files = new NativeFiles("linux-x64", _folder.Path, searchFolders: null, assembly: "");

        Assert.AreSequenceEqual([_folder.Path, _folder.File("runtimes/linux-x64/native")], files.Folders.ToArray());
    }

    [TestMethod]
    [DataRow("linux-x64", false, true)]
    [DataRow("linux-x64", true, false)] // TorchSharp chooses
    [DataRow("osx-arm64", false, false)] // where it would load a second copy
    public void Find_TorchSharpInItsPackage_LooksIntoThoseOfLibTorch(string platform, bool hasCuda, bool expected)
    {
        var files =
            new NativeFiles(
                platform,
                _folder.File("app"),
                searchFolders: null,
                _folder.File("packages/torchsharp/0.107.0/lib/net8.0/TorchSharp.dll"));
        var libtorch = _folder.Write($"packages/libtorch-cpu-{platform}/2.10.0/runtimes/{platform}/native/{files.NameOf("torch_cpu")}", []);
        var torchSharp = _folder.Write($"packages/torchsharp/0.107.0/runtimes/{platform}/native/{files.NameOf("LibTorchSharp")}", []);
        if (hasCuda)
        {
            _folder.Write("packages/libtorch-cuda-12.8-linux-x64/2.10.0/LICENSE", []);
        }

        files = new NativeFiles(
            platform,
            _folder.File("app"),
            searchFolders: null,
            _folder.File("packages/torchsharp/0.107.0/lib/net8.0/TorchSharp.dll"));

        Assert.AreEqual((expected ? libtorch : null, expected ? torchSharp : null), (files.Find("torch_cpu"), files.Find("LibTorchSharp")));
    }

    [TestMethod]
    [DataRow("linux-x64", "app/runtimes/linux-x64/native/libtorch_cuda.so", true)]
    [DataRow("win-x64", "app/torch_cuda.dll", true)]
    [DataRow("linux-x64", "app/libtorch_cpu.so", false)]
    [DataRow("linux-x64", "packages/libtorch-cuda-12.8-linux-x64/2.10.0/LICENSE", true)]
    [DataRow("linux-x64", "packages/libtorch-cpu-linux-x64/2.10.0/LICENSE", false)]
    public void HasLibTorch_FilesOfABuild_TellsThatOfCuda(string platform, string file, bool expected)
    {
        _folder.Write(file, []);
        var assembly = _folder.File("packages/torchsharp/0.107.0/lib/net8.0/TorchSharp.dll");

        Assert.AreEqual(expected, CudaFiles.HasLibTorch(new NativeFiles(platform, _folder.File("app"), searchFolders: null, assembly)));
        Assert.IsFalse(CudaFiles.HasLibTorch(new NativeFiles(platform, _folder.File("other"), searchFolders: null, assembly: "")));
    }

    [TestMethod]
    public void TorchSharpAssembly_OfTheHostsList_IsItsPath()
    {
        var path = Path.Combine("app", "TorchSharp.dll");

        Assert.AreEqual(path, CudaFiles.TorchSharpAssembly(string.Join(Path.PathSeparator, "System.dll", path, "Other.TorchSharp.dll")));
        Assert.AreEqual("", CudaFiles.TorchSharpAssembly("System.dll"));
        Assert.AreEqual("", CudaFiles.TorchSharpAssembly(null));
    }

    [TestMethod]
    [DataRow("linux-x64", "LD_LIBRARY_PATH")]
    [DataRow("linux-arm64", "LD_LIBRARY_PATH")]
    [DataRow("osx-arm64", "DYLD_LIBRARY_PATH")]
    [DataRow("win-x64", "PATH")]
    public void FindElsewhere_FolderOfTheEnvironment_NamesItsFile(string platform, string variable)
    {
        var files = Files(platform, "app/TorchSharp.dll");
        var other = _folder.Write($"other/{files.NameOf("torch_cpu")}", []);
        var value = string.Join(Path.PathSeparator, "", "relative", _folder.File("none"), _folder.File("other"));

        Assert.AreEqual(other, files.FindElsewhere("torch_cpu", name => name == variable ? value : null));
        Assert.IsNull(files.FindElsewhere("no_such_library", name => name == variable ? value : null));
        Assert.IsNull(files.Find("torch_cpu"));
    }

    private NativeFiles Files(string platform, string assembly, params string[] searchFolders) =>
        new(platform, _folder.File("app"), string.Join(Path.PathSeparator, searchFolders.Select(_folder.File)), _folder.File(assembly));
}
