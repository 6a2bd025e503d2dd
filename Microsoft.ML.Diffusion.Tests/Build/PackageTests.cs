using System.Text;
using System.Text.Json;
using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Tests.Build;

/// <summary>The package as a user gets it: what is in it, and an application that knows nothing else of this repository.</summary>
[TestClass]
[TestCategory(TestCategories.Integration)]
public sealed class PackageTests
{
    private static FreshPackage _package = null!;

    [ClassInitialize]
    public static void Pack(TestContext context) => _package = new FreshPackage();

    [ClassCleanup]
    public static void Cleanup() => _package.Dispose();

    [TestMethod]
    public void Pack_Library_GivesOnePackageAndItsSymbolsWithoutWarnings()
    {
        Assert.AreEqual(0, _package.ExitCode, _package.Log);
        Assert.DoesNotContain("warning", _package.Log);
        string[] expected = [$"Microsoft.ML.Diffusion.{_package.Version}.nupkg", $"Microsoft.ML.Diffusion.{_package.Version}.snupkg"];
        Assert.AreSequenceEqual(expected, Directory.GetFiles(_package.Feed).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [TestMethod]
    public void Package_Files_AreTheLibraryItsDocumentsAndTheBuildStep()
    {
        var files = _package.Files().Keys.Order(StringComparer.Ordinal);

        var documents =
            Directory.GetFiles(BuildFiles.InRoot("docs"), "*", SearchOption.AllDirectories)
                .Select(file => Path.GetRelativePath(BuildFiles.Root, file).Replace('\\', '/'));
        string[] expected =
        [
            "Microsoft.ML.Diffusion.nuspec", "README.md", "SECURITY.md", "icon.png",
            "buildTransitive/Microsoft.ML.Diffusion.props", "buildTransitive/Microsoft.ML.Diffusion.targets", "buildTransitive/WeakenVersionNeed.cs",
            "lib/net10.0/Microsoft.ML.Diffusion.dll", "lib/net10.0/Microsoft.ML.Diffusion.xml", "lib/net10.0/Microsoft.ML.Diffusion.Autograd.dll",
            .. documents,
        ];
        Assert.AreSequenceEqual(expected.Order(StringComparer.Ordinal), files);
        Assert.AreSequenceEqual(
            ["Microsoft.ML.Diffusion.nuspec", "lib/net10.0/Microsoft.ML.Diffusion.pdb"],
            _package.Files("snupkg").Keys.Order(StringComparer.Ordinal));
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux)] // on Windows TorchSharp is another version
    public void Package_Dependencies_AreTheRangesThatWork()
    {
        var group = _package.Nuspec().Elements().Single(element => element.Name.LocalName == "dependencies").Elements().Single();

        // Those after the first five are ML.NET's and TorchSharp's own, at the versions that were tested; libtorch is the application's choice.
        Assert.AreEqual("net10.0", group.Attribute("targetFramework")?.Value);
        Assert.AreEqual(
            """
            Microsoft.Extensions.DependencyInjection.Abstractions 10.0.0
            Microsoft.ML [5.0.1, 5.1.0)
            Microsoft.ML.ImageAnalytics [5.0.1, 5.1.0)
            SixLabors.ImageSharp [2.1.13, 3.0.0)
            TorchSharp [0.107.0, 0.108.0)
            SharpZipLib 1.4.1
            SkiaSharp [2.88.9, 3.0.0)
            SkiaSharp.NativeAssets.Linux.NoDependencies [2.88.9, 3.0.0)
            SkiaSharp.NativeAssets.Win32 [2.88.9, 3.0.0)
            SkiaSharp.NativeAssets.macOS [2.88.9, 3.0.0)
            System.Numerics.Tensors 9.0.19
            """.ReplaceLineEndings("\n"),
            string.Join(
                '\n',
                group.Elements().Select(dependency => $"{dependency.Attribute("id")?.Value} {dependency.Attribute("version")?.Value}")));
    }

    [TestMethod]
    public void Package_Description_IsWhole()
    {
        var nuspec = _package.Nuspec();

        string Text(string name) => nuspec.Elements().Single(element => element.Name.LocalName == name).Value;
        Assert.AreEqual("Microsoft.ML.Diffusion", Text("id"));
        Assert.AreEqual(_package.Version, Text("version"));
        Assert.AreEqual("MIT", Text("license"));
        Assert.AreEqual("README.md", Text("readme"));
        Assert.AreEqual("icon.png", Text("icon"));
        Assert.AreEqual("ML.NET diffusion DDPM DDIM image-generation TorchSharp machine-learning", Text("tags"));
        Assert.IsGreaterThan(80, Text("description").Length);
        using var icon = MLImage.CreateFromStream(new MemoryStream(_package.Files()["icon.png"]));
        Assert.AreEqual((128, 128), (icon.Width, icon.Height));
    }

    [TestMethod]
    public void Package_Content_DoesNotDependOnTheFolderItWasBuiltIn()
    {
        if (BuildFiles.Configuration != "Release")
        {
            // In Debug the real paths are what a debugger finds the sources by. The README's command tests Release.
            Assert.Inconclusive("Only a Release build maps its paths.");
        }

        var symbols = _package.Files("snupkg")["lib/net10.0/Microsoft.ML.Diffusion.pdb"];

        var root = Encoding.UTF8.GetBytes(BuildFiles.Root);
        Assert.IsLessThan(0, _package.Files()["lib/net10.0/Microsoft.ML.Diffusion.dll"].AsSpan().IndexOf(root));
        Assert.IsLessThan(0, symbols.AsSpan().IndexOf(root));
    }

    [TestMethod]
    public void App_WithThePackage_BuildsTrainsGeneratesAndPublishes()
    {
        using var app = new PackagedApp(_package, ShortQuickStart());

        var (built, log) = app.Dotnet("build", "-c", "Release", "-warnaserror");
        Assert.AreEqual(0, built, log);
        AssertTrainsAndGenerates(app, "bin/Release/net10.0/App.dll");
        var (published, publishLog) = app.Dotnet("publish", "-c", "Release", "--no-build", "-o", "published");
        Assert.AreEqual(0, published, publishLog);
        AssertTrainsAndGenerates(app, "published/App.dll");
        Assert.Contains("Microsoft.ML.Diffusion.dll", app.Files("published").Select(Path.GetFileName));
        Assert.IsEmpty(app.Files("published").Where(IsOfLibTorch).ToList(), "the processor needs none");
        Assert.AreSequenceEqual(["microsoft.ml.diffusion"], app.RestoredPackages, "all else was there");
    }

    [TestMethod]
    public void App_WithThePackageAndLibTorch_ComputesByIt()
    {
        var program = ShortQuickStart().Replace("Training = options", "Device = \"torch\", Training = options", StringComparison.Ordinal);
        using var app = new PackagedApp(_package, program, libTorch: true);

        var (built, log) = app.Dotnet("build", "-c", "Release", "-warnaserror");
        Assert.AreEqual(0, built, log);

        AssertTrainsAndGenerates(app, "bin/Release/net10.0/App.dll", byLibTorch: true);
        Assert.IsNotEmpty(app.Files("bin").Where(IsOfLibTorch).ToList());
    }

    /// <summary>By evaluation, since nothing of Windows runs here: its libtorch, which an application adds, is not among the packages at hand.</summary>
    [TestMethod]
    public void App_ForWindows_GetsItsNativeFilesAndNoBuildStep()
    {
        using var app = new PackagedApp(_package, "System.Console.WriteLine();");
        string[] windows = ["-p:RuntimeIdentifier=win-x64", "-p:SelfContained=false", "-p:UseAppHost=false"];

        var (restored, log) = app.Dotnet(["restore", .. windows]);
        Assert.AreEqual(0, restored, log);
        var (evaluated, output) = app.Dotnet(
            ["msbuild", .. windows, "-t:ResolvePackageAssets", "-getProperty:DiffusionPatchLibTorchSharp", "-getItem:NativeCopyLocalItems,RuntimeCopyLocalItems,LibTorchSharp"]);
        Assert.AreEqual(0, evaluated, output);

        using var result = JsonDocument.Parse(output);
        Assert.AreEqual("false", result.RootElement.GetProperty("Properties").GetProperty("DiffusionPatchLibTorchSharp").GetString());
        string[] Names(string item) =>
            [.. result.RootElement.GetProperty("Items")
                .GetProperty(item)
                .EnumerateArray()
                .Select(one => $"{one.GetProperty("Filename").GetString()}{one.GetProperty("Extension").GetString()}")];
        CollectionAssert.IsSubsetOf(new[] { "LibTorchSharp.dll", "libSkiaSharp.dll" }, Names("NativeCopyLocalItems"));
        Assert.IsEmpty(Names("NativeCopyLocalItems").Where(name => !name.EndsWith(".dll", StringComparison.Ordinal)));
        CollectionAssert.IsSubsetOf(
            new[] { "Microsoft.ML.Diffusion.dll", "Microsoft.ML.Diffusion.Autograd.dll", "TorchSharp.dll", "Microsoft.ML.ImageAnalytics.dll", "SkiaSharp.dll" },
            Names("RuntimeCopyLocalItems"));
        Assert.IsEmpty(Names("LibTorchSharp"), "the file of Linux is not patched where there is none");
        Assert.AreSequenceEqual(["microsoft.ml.diffusion"], app.RestoredPackages, "all else was there");
    }

    /// <summary>The README's code with 20 steps on smaller and fewer images.</summary>
    private static string ShortQuickStart()
    {
        var program = File.ReadAllText(BuildFiles.InRoot("samples", "QuickStart", "Program.cs"));
        foreach (var (from, to) in new[] { ("imageSize: 32", "imageSize: 16"), ("TimeSpan.FromMinutes(30)", "TimeSpan.FromSeconds(4)"), ("{ Progress = progress }", "{ Progress = progress, NumberOfSteps = 20, BatchSize = 4 }"), ("Generate(64)", "Generate(4)") })
        {
            StringAssert.Contains(program, from);
            program = program.Replace(from, to, StringComparison.Ordinal);
        }

        return program;
    }

    private static bool IsOfLibTorch(string file) =>
        Array.Exists(["libtorch", "torch", "libc10", "c10"], name => Path.GetFileName(file).StartsWith($"{name}_", StringComparison.Ordinal)
            || Path.GetFileNameWithoutExtension(file) == name);

    private static void AssertTrainsAndGenerates(PackagedApp app, string assembly, bool byLibTorch = false)
    {
        var (exitCode, output, folder) = app.Run(assembly);

        Assert.AreEqual(0, exitCode, output);
        using var samples = MLImage.CreateFromFile(Path.Combine(folder, "samples.png"));
        Assert.AreEqual((8 * 16, 16), (samples.Width, samples.Height));
        using var model = new MLContext().Diffusion.LoadModel(Path.Combine(folder, "model.zip"), out _).GetDiffusion();
        Assert.AreEqual((20, 16, 16, 3), (model.Training!.Steps, model.ImageWidth, model.ImageHeight, model.Channels));
        Assert.AreEqual(byLibTorch, model.Training.Versions!.Contains("TorchSharp", StringComparison.Ordinal), model.Training.Versions);
    }
}
