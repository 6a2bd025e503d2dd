using System.Text;
using Microsoft.ML.Diffusion.Engines.Torch;
using Microsoft.ML.Diffusion.Tests.Build;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests;

/// <summary>
/// What an application hears that has no libtorch, or one that does not load, once it asks for the device "torch": in real processes, and for other systems by
/// what their loaders say. Whatever needs none is fine.
/// </summary>
[TestClass]
[TestCategory(TestCategories.Integration)]
public sealed class LibTorchTests
{
    private const string Missing = """
        The application has no libtorch for linux-x64, which the devices "cuda" and "torch" need. Add it to the application's project by one of these:
          dotnet add package libtorch-cpu-linux-x64 --version 2.10.0
          dotnet add package TorchSharp-cuda-linux --version 0.107.0   (for an NVIDIA GPU)
        """;

    private static readonly string _oldSystem = $"""
        TorchSharp 0.107.0 cannot be loaded, because its library asks for GLIBCXX_3.4.32, which the libstdc++ of this system does not have. The build step of Microsoft.ML.Diffusion's package mends the application's copy of the library. Reference the package in the application's project, with all its assets, and leave the step on:
          <PackageReference Include="Microsoft.ML.Diffusion" Version="{typeof(DiffusionTransformer).Assembly.GetName().Version!.ToString(3)}" />
          <DiffusionPatchLibTorchSharp>true</DiffusionPatchLibTorchSharp>
        """;

    private static readonly string _diffusers = Path.Combine(AppContext.BaseDirectory, "Golden", "data", "unet_diffusers_class");

    [TestMethod]
    [OSCondition(OperatingSystems.Linux)]
    public void FirstCall_ApplicationWithoutLibTorch_SaysWhichPackageToAdd()
    {
        using var app = AppFolder.WithoutLibTorch();
        var systems =
            new NativeFiles("linux-x64", app.Files[0], searchFolders: null, assembly: "").FindElsewhere(
                LibTorchAdvice.LibTorchName,
                Environment.GetEnvironmentVariable);

        AssertEveryFirstCallSays(systems is null ? Missing : $"{Missing}\n{NotUsed(systems)}", app);
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux)]
    public void FirstCall_ApplicationWithoutLibTorchOnASystemWithOne_SaysThatItIsNotUsed()
    {
        using var app = AppFolder.WithoutLibTorch();

        AssertEveryFirstCallSays(
            $"{Missing}\n{NotUsed(Path.Combine(AppFolder.LibTorchFolder, "libtorch_cpu.so"))}",
            app,
            ("LD_LIBRARY_PATH", AppFolder.LibTorchFolder));
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux)]
    public void Load_ApplicationWithLibTorchOnASystemWithAnother_TakesItsOwn()
    {
        using var other = OtherLibTorch();

        var (exitCode, output, error) =
            ChildProcess.TryRunWith(
                [("LD_LIBRARY_PATH", other.Path)],
                typeof(LibTorchTests).Assembly.Location,
                "libraries",
                SavedModel.Model);

        Assert.AreEqual((0, ""), (exitCode, error), output);
        var own =
            ((string[])["libLibTorchSharp.so", "libc10.so", "libtorch.so", "libtorch_cpu.so"]).Select(name => Path.Combine(AppFolder.LibTorchFolder, name));
        Assert.AreEqual(string.Join('\n', ["Device cpu.", $"Device torch, by {own.Last()}.", .. own]), output);
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux)]
    public void Load_NotebookOnASystemWithAnotherLibTorch_TakesThePackages()
    {
        using var app = AppFolder.AsNotebook();
        using var other = OtherLibTorch();
        var files = app.Files;

        var (exitCode, output, error) =
            ChildProcess.TryRunWith([("LD_LIBRARY_PATH", other.Path)], app.Assembly, "libraries", SavedModel.Model, app.TorchSharp);

        Assert.AreEqual((0, ""), (exitCode, error), output);
        Assert.DoesNotContain(other.Path, output);
        Assert.HasCount(6, output.Split('\n'), output);
        Assert.AreSequenceEqual(files, app.Files, "nothing was copied");
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux)]
    public void FirstCall_LibraryOfThePackageOnAnOlderSystem_NamesTheBuildStep()
    {
        if (SystemHas("GLIBCXX_3.4.32"))
        {
            // Where the library loads there is no message to test; on Debian 12 and Ubuntu 22.04 there is.
            Assert.Inconclusive("The libstdc++ of this system has GLIBCXX_3.4.32, so that the package's own library loads.");
        }

        using var app = AppFolder.WithLibrary(BuildFiles.InPackage("TorchSharp", "runtimes/linux-x64/native/libLibTorchSharp.so"));

        AssertEveryFirstCallSays(_oldSystem, app);
    }

    [TestMethod]
    [DataRow(
        "linux-x64", "0.107.0", "/app/libtorch_cpu.so",
        ".NET's own line\nlibgomp-98b21ff3.so.1: cannot open shared object file: No such file or directory\n",
        "TorchSharp 0.107.0 cannot load its native libraries: libgomp-98b21ff3.so.1: cannot open shared object file: No such file or directory\n" +
        "Found: /app/libtorch_cpu.so\n" +
        "They must be those that one of these packages brings, unchanged:\n" +
        "  dotnet add package libtorch-cpu-linux-x64 --version 2.10.0\n" +
        "  dotnet add package TorchSharp-cuda-linux --version 0.107.0   (for an NVIDIA GPU)")]
    [DataRow(
        "linux-arm64", "0.107.0", null, null,
        "TorchSharp 0.107.0 has no native libraries for linux-arm64. It has them for linux-x64, win-x64 and osx-arm64.")]
    [DataRow(
        "osx-arm64", "0.107.0", null, null,
        "The application has no libtorch for osx-arm64, which the devices \"cuda\" and \"torch\" need. Add it to the application's project by one of these:\n" +
        "  dotnet add package libtorch-cpu-osx-arm64 --version 2.10.0")]
    [DataRow(
        "win-x64", "0.107.0", @"C:\app\torch_cpu.dll",
        "The specified procedure could not be found. (0x8007007F)",
        "TorchSharp 0.107.0 cannot load its own libtorch 2.10.0 on Windows (dotnet/TorchSharp#1567). Build Microsoft.ML.Diffusion there, which takes TorchSharp 0.106.0, and use that package. In a clone of its repository:\n" +
        "  dotnet pack Microsoft.ML.Diffusion -c Release -o artifacts/packages\n" +
        "  dotnet nuget add source FULL_PATH_OF_THE_CLONE/artifacts/packages")]
    [DataRow(
        "win-x64", "0.106.0", @"C:\app\torch_cpu.dll",
        @"Unable to load DLL 'C:\app\torch_cpu.dll' or one of its dependencies: The specified module could not be found. (0x8007007E)",
        "TorchSharp 0.106.0 cannot load its native libraries: Unable to load DLL 'C:\\app\\torch_cpu.dll' or one of its dependencies: The specified module could not be found. (0x8007007E)\n" +
        "Found: C:\\app\\torch_cpu.dll\n" +
        "They must be those that one of these packages brings, unchanged:\n" +
        "  dotnet add package libtorch-cpu-win-x64 --version 2.10.0\n" +
        "  dotnet add package TorchSharp-cuda-windows --version 0.106.0   (for an NVIDIA GPU)")]
    [DataRow(
        "win-x64", "0.106.0", null, null,
        "The application has no libtorch for win-x64, which the devices \"cuda\" and \"torch\" need. Add it to the application's project by one of these:\n" +
        "  dotnet add package libtorch-cpu-win-x64 --version 2.10.0\n" +
        "  dotnet add package TorchSharp-cuda-windows --version 0.106.0   (for an NVIDIA GPU)")]
    public void Of_WhatALoaderSays_NamesTheFix(string platform, string version, string? file, string? loader, string expected)
    {
        var message = LibTorchAdvice.Of(new NativeLoad(file, loader), torchSharp: default, other: null, platform, Version.Parse(version));

        Assert.AreEqual(expected, message);
    }

    [TestMethod]
    public void Of_LibTorchLoadsButTorchSharpIsGone_SaysSo()
    {
        var message =
            LibTorchAdvice.Of(
                new NativeLoad("/app/libtorch_cpu.so", Failure: null),
                torchSharp: default,
                other: null,
                "linux-x64",
                new Version(0, 107, 0));

        Assert.AreSequenceEqual(
            ["TorchSharp 0.107.0 cannot load its native libraries: there is no LibTorchSharp.", "Found: /app/libtorch_cpu.so"],
            message.Split('\n')[..2]);
    }

    [TestMethod]
    public void Of_TorchSharpDoesNotLoad_NamesBothFiles()
    {
        var failure =
            new NativeLoad("/app/libLibTorchSharp.so", ".NET's own line\n/app/libLibTorchSharp.so: undefined symbol: _ZN5torch\n");

        var message =
            LibTorchAdvice.Of(
                new NativeLoad("/mine/libtorch_cpu.so", Failure: null),
                failure,
                other: null,
                "linux-x64",
                new Version(0, 107, 0));

        Assert.AreSequenceEqual(
            ["TorchSharp 0.107.0 cannot load its native libraries: /app/libLibTorchSharp.so: undefined symbol: _ZN5torch", "Found: /mine/libtorch_cpu.so and /app/libLibTorchSharp.so"],
            message.Split('\n')[..2]);
    }

    [TestMethod]
    [DataRow("/home/me/.nuget/packages/torchsharp/0.107.0/lib/net8.0/TorchSharp.dll", true)]
    [DataRow("/packages/TorchSharp/0.107.0/lib/net8.0/TorchSharp.dll", true)]
    [DataRow("/app/TorchSharp.dll", false)]
    [DataRow("/torchsharp/samples/lib/TorchSharp.dll", false)]
    [DataRow("/lib/net8.0/TorchSharp.dll", false)]
    [DataRow("", false)] // of an application in a single file
    public void IsInPackage_Path_IsThatOfAnUnpackedPackageOrNot(string assembly, bool expected)
    {
        Assert.AreEqual(expected, NativeFiles.IsInPackage(assembly));
    }

    private static string NotUsed(string file) =>
        $"{file} is outside of the application and is not used: TorchSharp needs the files of such a package.";

    /// <summary>A folder of the system with libraries of libtorch's names, of which none can be used.</summary>
    private static TemporaryFolder OtherLibTorch()
    {
        var folder = new TemporaryFolder();
        foreach (var name in (string[])["libtorch_cpu.so", "libtorch.so", "libc10.so", "libLibTorchSharp.so"])
        {
            folder.Write(name, [.. "no library"u8]);
        }

        return folder;
    }

    private static void AssertEveryFirstCallSays(string message, AppFolder app, params (string Name, string Value)[] variables)
    {
        var files = app.Files;

        var (exitCode, output, error) = ChildProcess.TryRunWith(variables, app.Assembly, "first-calls", SavedModel.Model, _diffusers);

        Assert.AreEqual(0, exitCode, output + error);
        var failing = new[] { "ToDevice", "LoadDiffusers", "Fit" };
        Assert.AreEqual(
            string.Join(
                '\n',
                [
                    .. ((string[])["LoadModel", "LoadDiffusers", "Fit"]).Select(call => $"{call}: fine"),
                    .. failing.Select(call => $"{call} by libtorch: DllNotFoundException: {message.ReplaceLineEndings("\n")}"),
                    "Generate: fine",
                ]),
            output);
        Assert.AreEqual("", error);
        Assert.AreSequenceEqual(files, app.Files, "nothing was copied beside the application");
    }

    /// <summary>Looks for a version in the libstdc++ that this process, as every .NET process, has loaded.</summary>
    private static bool SystemHas(string version)
    {
        var path =
            File.ReadLines("/proc/self/maps")
                .Select(line => line.Split(' ')[^1])
                .First(file => file.Contains("libstdc++.so", StringComparison.Ordinal));
        return File.ReadAllBytes(path).AsSpan().IndexOf(Encoding.ASCII.GetBytes(version + "\0")) >= 0;
    }
}
