using System.Buffers.Binary;
using System.Text;
using System.Text.RegularExpressions;

namespace Microsoft.ML.Diffusion.Tests.Build;

[TestClass]
[TestCategory(TestCategories.Integration)]
public sealed partial class LibTorchSharpPatchTests
{
    private const string Version = "GLIBCXX_3.4.32";
    private const string PathInPackage = "runtimes/linux-x64/native/libLibTorchSharp.so";
    private const int Weak = 2; // VER_FLG_WEAK

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("libtorchsharp");

    private string Library => Path.Combine(_folder.FullName, "libLibTorchSharp.so");

    private string Copy => Path.Combine(_folder.FullName, "obj/LibTorchSharp/1.2.3", PathInPackage);

    [TestCleanup]
    public void Cleanup() => _folder.Delete(recursive: true);

    [TestMethod]
    [OSCondition(OperatingSystems.Linux)] // elsewhere TorchSharp is another version
    public void DeployedLibrary_ItsNeedOfTheNewVersion_IsWeak()
    {
        var library = File.ReadAllBytes(DeployedLibrary());

        var flags = FindFlags(library);

        Assert.AreEqual(Weak, library[flags]);
    }

    [TestMethod]
    [OSCondition(OperatingSystems.Linux)]
    public void DeployedLibrary_ComparedWithThePackage_DiffersByOneByte()
    {
        var deployed = File.ReadAllBytes(DeployedLibrary());
        var original = File.ReadAllBytes(BuildFiles.InPackage("TorchSharp", PathInPackage));

        var differences = Enumerable.Range(0, deployed.Length).Where(i => deployed[i] != original[i]).ToArray();

        Assert.HasCount(original.Length, deployed);
        Assert.AreSequenceEqual([FindFlags(original)], differences);
    }

    [TestMethod]
    [DataRow("text", "it is not a 64-bit little-endian ELF file.")]
    [DataRow("header", "an offset in it points outside the file.")]
    [DataRow("no sections", "it has no section headers.")]
    public void Build_DamagedLibrary_SaysWhatToDo(string damage, string reason)
    {
        var library = File.ReadAllBytes(DeployedLibrary());
        File.WriteAllBytes(Library, damage switch
        {
            "text" =>
                Encoding.ASCII.GetBytes(
                    "version https://git-lfs.github.com/spec/v1, a pointer in the place of the library that it points to"),
            "header" => library[..64],
            _ => [.. library[..40], .. new byte[24]],
        });

        var (exitCode, output) = Build();

        Assert.AreEqual(1, exitCode);
        Assert.AreEqual(
            $"'{Library}' cannot be adapted to systems without {Version}: {reason} Restore the TorchSharp package again if its file is damaged; " +
            "if this is a TorchSharp whose library has another form, set the property DiffusionPatchLibTorchSharp to false to use the file as it is.",
            WithoutPlace(output));
        Assert.IsFalse(File.Exists(Copy));
    }

    [TestMethod]
    public void Build_LibraryWithoutTheVersion_IsCopiedUnchanged()
    {
        var library = File.ReadAllBytes(DeployedLibrary());
        var name = library.AsSpan().IndexOf(Encoding.ASCII.GetBytes(Version + "\0"));
        library[name + Version.Length - 1] = (byte)'0'; // needs GLIBCXX_3.4.30 only, as a TorchSharp built on an older system would
        File.WriteAllBytes(Library, library);

        var (exitCode, output) = Build();

        Assert.AreEqual(0, exitCode, output);
        Assert.AreEqual($"native: obj/LibTorchSharp/1.2.3/{PathInPackage}", output);
        Assert.AreSequenceEqual(library, File.ReadAllBytes(Copy));
    }

    [TestMethod]
    public void Build_OptedOut_CarriesTheFileItself()
    {
        File.WriteAllText(Library, "not a library");

        var (exitCode, output) = Build("-p:DiffusionPatchLibTorchSharp=false");

        Assert.AreEqual(0, exitCode, output);
        Assert.AreEqual($"native: {Library}", output);
        Assert.IsFalse(File.Exists(Copy));
    }

    [TestMethod]
    [DataRow("", "true")] // an output for every system, whose Linux part is mended
    [DataRow("linux-x64", "true")]
    [DataRow("win-x64", "false")]
    [DataRow("osx-arm64", "false")]
    public void Evaluation_System_PatchesForLinuxOnly(string runtimeIdentifier, string expected)
    {
        var (exitCode, output) =
            BuildFiles.RunDotnet(
                "msbuild",
                BuildFiles.InRoot("samples", "QuickStart"),
                $"-p:RuntimeIdentifier={runtimeIdentifier}",
                "-getProperty:DiffusionPatchLibTorchSharp");

        Assert.AreEqual(0, exitCode, output);
        Assert.AreEqual(expected, output);
    }

    [TestMethod]
    [DataRow("LibTorchSharp.dll", "win-x64")]
    [DataRow("libLibTorchSharp.dylib", "osx-arm64")]
    public void Build_LibraryOfAnotherSystem_IsLeftAlone(string name, string system)
    {
        var library = Path.Combine(_folder.FullName, name);
        File.WriteAllText(library, "not a library");

        var (exitCode, output) = BuildWith(library, $"runtimes/{system}/native/{name}");

        Assert.AreEqual(0, exitCode, output);
        Assert.AreEqual($"native: {library}", output);
        Assert.IsFalse(Directory.Exists(Path.Combine(_folder.FullName, "obj")), "no task ran");
    }

    /// <summary>Runs the targets where the SDK would, on one native item, and prints what an output folder would get.</summary>
    private (int ExitCode, string Output) Build(params string[] arguments) => BuildWith(Library, PathInPackage, arguments);

    private (int ExitCode, string Output) BuildWith(string library, string pathInPackage, params string[] arguments)
    {
        var project = Path.Combine(_folder.FullName, "native.proj");
        File.WriteAllText(project, $"""
            <Project DefaultTargets="Show">
              <PropertyGroup>
                <IntermediateOutputPath>obj/</IntermediateOutputPath>
              </PropertyGroup>
              <Import Project="{BuildFiles.InRoot("build", "LibTorchSharp", "LibTorchSharp.targets")}" />
              <Target Name="ResolvePackageAssets">
                <ItemGroup>
                  <NativeCopyLocalItems Include="{library}" NuGetPackageVersion="1.2.3" PathInPackage="{pathInPackage}" />
                </ItemGroup>
              </Target>
              <Target Name="Show" DependsOnTargets="ResolvePackageAssets">
                <Message Importance="high" Text="native: @(NativeCopyLocalItems)" />
              </Target>
            </Project>
            """);
        return BuildFiles.RunDotnet(["msbuild", project, "-nologo", "-tl:off", "-v:m", "-m:1", "-nodeReuse:false", .. arguments]);
    }

    private static string DeployedLibrary()
    {
        var beside = Path.Combine(AppContext.BaseDirectory, "libLibTorchSharp.so"); // where a build for one RuntimeIdentifier has it
        return File.Exists(beside) ? beside : Path.Combine(AppContext.BaseDirectory, PathInPackage);
    }

    /// <summary>Finds vna_flags of the version in .gnu.version_r: an independent, trusting reader of the ELF format.</summary>
    private static int FindFlags(byte[] library)
    {
        int Int32(int offset) => BinaryPrimitives.ReadInt32LittleEndian(library.AsSpan(offset));
        int Int16(int offset) => BinaryPrimitives.ReadUInt16LittleEndian(library.AsSpan(offset));

        var sections = Enumerable.Range(0, Int16(60)).Select(i => Int32(40) + i * 64).ToArray();
        var needs = sections.Single(section => Int32(section + 4) == 0x6ffffffe);
        var names = Int32(sections[Int32(needs + 40)] + 24);
        var need = Int32(needs + 24);
        for (var files = Int32(needs + 44); files > 0; files--, need += Int32(need + 12))
        {
            var version = need + Int32(need + 8);
            for (var versions = Int16(need + 2); versions > 0; versions--, version += Int32(version + 12))
            {
                if (library.AsSpan(names + Int32(version + 8)).StartsWith(Encoding.ASCII.GetBytes(Version + "\0")))
                {
                    return version + 4;
                }
            }
        }

        throw new InvalidDataException($"The library does not need {Version}.");
    }

    /// <summary>Removes where MSBuild found the error: "file(line,column): error : " before it and " [project]" behind it.</summary>
    private static string WithoutPlace(string error) => Place().Replace(error, "");

    [GeneratedRegex(@"^[^\n]*LibTorchSharp\.targets\(\d+,\d+\): error : | \[[^\n]*native\.proj\]$")]
    private static partial Regex Place();
}
