using System.Text;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Build;

/// <summary>A console project outside the repository that has the package from a source of its own, as a user's project has.</summary>
internal sealed class PackagedApp : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <param name="package">The package to use.</param>
    /// <param name="program">Its Program.cs.</param>
    /// <param name="libTorch">Whether it has libtorch for this system, to compare with.</param>
    /// <remarks>
    /// All other packages come from the folder of the tests' own restore, where they are already: nothing is downloaded, unpacked or written there. What
    /// this project restores goes to a folder of its own.
    /// </remarks>
    public PackagedApp(FreshPackage package, string program, bool libTorch = false)
    {
        Write("App.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <Nullable>enable</Nullable>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="{FreshPackage.Id}" Version="{package.Version}" />
                {(libTorch ? $"<PackageReference Include=\"{LibTorchPackage}\" Version=\"2.10.0\" />" : "")}
              </ItemGroup>
            </Project>
            """);
        Write("nuget.config", $"""
            <configuration>
              <packageSources>
                <clear />
                <add key="fresh" value="{package.Feed}" />
              </packageSources>
              <fallbackPackageFolders>
                <clear />
                {string.Concat(BuildFiles.PackageFolders().Select((folder, i) => $"<add key=\"suite{i}\" value=\"{folder}\" />"))}
              </fallbackPackageFolders>
            </configuration>
            """);
        Write("Program.cs", program);
    }

    /// <summary>Gets the files below a folder of the application.</summary>
    public IEnumerable<string> Files(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Project, folder), "*", SearchOption.AllDirectories);

    /// <summary>Gets the packages that were not in the folder of the tests.</summary>
    public string[] RestoredPackages => [.. Directory.GetDirectories(_folder.File("packages")).Select(folder => Path.GetFileName(folder))];

    private string Project => _folder.File("app"); // beside the packages: an SDK project compiles all source files below it

    private static string LibTorchPackage =>
        OperatingSystem.IsWindows()
            ? "libtorch-cpu-win-x64"
            : OperatingSystem.IsMacOS() ? "libtorch-cpu-osx-arm64" : "libtorch-cpu-linux-x64";

    /// <summary>Runs a command of the SDK; libtorch is linked to, not copied, where the file system can.</summary>
    public (int ExitCode, string Output) Dotnet(params string[] arguments) => BuildFiles.RunDotnetIn(
        Project,
        [
            .. arguments,
            $"-p:RestorePackagesPath={_folder.File("packages")}",
            "-p:CreateHardLinksForCopyLocalIfPossible=true", "-p:CreateSymbolicLinksForCopyLocalIfPossible=true",
            "-p:CreateHardLinksForPublishFilesIfPossible=true", "-p:CreateSymbolicLinksForPublishFilesIfPossible=true",
        ]);

    /// <summary>Runs an assembly of the application in a folder of its own that holds some pictures.</summary>
    /// <returns>That folder too.</returns>
    public (int ExitCode, string Output, string Folder) Run(string assembly)
    {
        var folder = _folder.File($"run of {assembly.Replace('/', ' ')}");
        Directory.CreateDirectory(Path.Combine(folder, "pictures"));
        for (var i = 0; i < 8; i++)
        {
            using var picture = Pictures.Bars(i, 48, 40, coloured: true);
            picture.Save(Path.Combine(folder, "pictures", $"{i}.png"));
        }

        var (exitCode, output) = BuildFiles.RunDotnetIn(folder, "exec", Path.Combine(Project, assembly));
        return (exitCode, output, folder);
    }

    public void Dispose() => _folder.Dispose();

    private void Write(string name, string text) => _folder.Write(Path.Combine("app", name), Encoding.UTF8.GetBytes(text));
}
