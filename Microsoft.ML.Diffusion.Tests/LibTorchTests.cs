using System.Text;
using Microsoft.ML.Diffusion.Tests.Build;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests;

/// <summary>What an application hears that has no libtorch, or one that does not load: once in real processes, and for other systems by what their loaders say.</summary>
[TestClass]
public sealed class LibTorchTests
{
    private const string Missing = """
        The application has no libtorch for linux-x64, which Microsoft.ML.Diffusion computes with. Add it to the application's project by one of these:
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

        AssertEveryFirstCallSays(Missing, app);
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
        "linux-x64", "0.107.0",
        "libgomp-98b21ff3.so.1: cannot open shared object file: No such file or directory",
        "TorchSharp 0.107.0 cannot load its native libraries: libgomp-98b21ff3.so.1: cannot open shared object file: No such file or directory\n" +
        "They must be those that one of these packages brings, unchanged:\n" +
        "  dotnet add package libtorch-cpu-linux-x64 --version 2.10.0\n" +
        "  dotnet add package TorchSharp-cuda-linux --version 0.107.0   (for an NVIDIA GPU)")]
    [DataRow(
        "linux-arm64", "0.107.0",
        "/app/libtorch_cpu.so: cannot open shared object file: No such file or directory",
        "TorchSharp 0.107.0 has no native libraries for linux-arm64. It has them for linux-x64, win-x64 and osx-arm64.")]
    [DataRow(
        "osx-arm64", "0.107.0",
        "dlopen(/app/libtorch_cpu.dylib, 0x0001): tried: '/app/libtorch_cpu.dylib' (no such file)",
        "The application has no libtorch for osx-arm64, which Microsoft.ML.Diffusion computes with. Add it to the application's project by one of these:\n" +
        "  dotnet add package libtorch-cpu-osx-arm64 --version 2.10.0")]
    [DataRow(
        "win-x64", "0.107.0",
        "The specified procedure could not be found. (0x8007007F)",
        "TorchSharp 0.107.0 cannot load its own libtorch 2.10.0 on Windows (dotnet/TorchSharp#1567). Build Microsoft.ML.Diffusion there, which takes TorchSharp 0.106.0, and use that package. In a clone of its repository:\n" +
        "  dotnet pack Microsoft.ML.Diffusion -c Release -o artifacts/packages\n" +
        "  dotnet nuget add source FULL_PATH_OF_THE_CLONE/artifacts/packages")]
    [DataRow(
        "win-x64", "0.106.0",
        "Unable to load DLL 'torch_cpu' or one of its dependencies: The specified module could not be found. (0x8007007E)",
        "The application has no libtorch for win-x64, which Microsoft.ML.Diffusion computes with. Add it to the application's project by one of these:\n" +
        "  dotnet add package libtorch-cpu-win-x64 --version 2.10.0\n" +
        "  dotnet add package TorchSharp-cuda-windows --version 0.106.0   (for an NVIDIA GPU)")]
    public void Of_WhatALoaderSays_NamesTheFix(string platform, string version, string loader, string expected)
    {
        var message = LibTorchAdvice.Of(loader, "There is no LibTorchSharp either.", platform, Version.Parse(version));

        Assert.AreEqual(expected, message);
    }

    [TestMethod]
    public void Of_LibTorchLoadsButTorchSharpIsGone_SaysSo()
    {
        var message = LibTorchAdvice.Of(null, ".NET's own line\n/app/libLibTorchSharp.so: cannot open shared object file: No such file or directory\n", "linux-x64", new Version(0, 107, 0));

        Assert.AreEqual("TorchSharp 0.107.0 cannot load its native libraries: there is no LibTorchSharp.", message.Split('\n')[0]);
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
        Assert.AreEqual(expected, LibTorch.IsInPackage(assembly));
    }

    private static void AssertEveryFirstCallSays(string message, AppFolder app)
    {
        var files = app.Files;

        var (exitCode, output, error) = ChildProcess.TryRunIn(app.Assembly, "first-calls", SavedModel.Model, _diffusers);

        Assert.AreEqual(0, exitCode, output + error);
        var failing = new[] { "LoadModel", "Model.Load", "LoadDiffusers", "Fit", "Evaluate" };
        Assert.AreEqual(string.Join('\n', ["InspectModel: fine", .. failing.Select(call => $"{call}: DllNotFoundException: {message.ReplaceLineEndings("\n")}")]), output);
        Assert.AreEqual("", error);
        Assert.AreSequenceEqual(files, app.Files, "nothing was copied beside the application");
    }

    /// <summary>Looks for a version in the libstdc++ that this process, as every .NET process, has loaded.</summary>
    private static bool SystemHas(string version)
    {
        var path = File.ReadLines("/proc/self/maps").Select(line => line.Split(' ')[^1]).First(file => file.Contains("libstdc++.so", StringComparison.Ordinal));
        return File.ReadAllBytes(path).AsSpan().IndexOf(Encoding.ASCII.GetBytes(version + "\0")) >= 0;
    }
}
