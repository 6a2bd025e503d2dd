using System.Text;
using Microsoft.ML.Diffusion.Tests.Build;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Diffusion.Tests.Processes;

namespace Microsoft.ML.Diffusion.Tests.Samples;

/// <summary>The sample WebApi as a project outside of the repository, which has the library as a package and is published trimmed, as a single file.</summary>
[TestClass]
[TestCategory(TestCategories.Integration)]
[OSCondition(OperatingSystems.Linux)]
public sealed class WebApiPublishTests
{
    private const string Address = "/images/T-shirt/top?seed=7&steps=3&guidance=2";

    [TestMethod]
    public async Task Publish_TrimmedSingleFile_GivesTheSameImages()
    {
        using var folder = new TemporaryFolder();
        using var package = new FreshPackage();
        folder.Write("app/WebApi.csproj", Encoding.UTF8.GetBytes(Project(package)));
        folder.Write("app/nuget.config", Encoding.UTF8.GetBytes(Sources(package)));

        var (exitCode, log) = BuildFiles.RunDotnetIn(
            folder.File("app"), "publish", "-c", "Release", "-o", folder.File("out"), $"-p:RestorePackagesPath={folder.File("packages")}");
        if (exitCode != 0 && (log.Contains("NU1301", StringComparison.Ordinal) || log.Contains("NU1101", StringComparison.Ordinal)))
        {
            Assert.Inconclusive($"The runtime that the program carries is a package, which cannot be had here: {log}");
        }

        Assert.AreEqual(0, exitCode, log);
        Assert.DoesNotContain("warning", log);
        Assert.IsEmpty(Directory.GetFiles(folder.File("out"), "*.dll"));
        Assert.IsLessThan(70_000_000, Directory.GetFiles(folder.File("out")).Sum(file => new FileInfo(file).Length));
        await AssertServesAsync(folder.File("out/WebApi"));
    }

    private static async Task AssertServesAsync(string program)
    {
        using var model = new MLContext().Diffusion.LoadDiffusionModel(Garments.ModelPath);
        var options = new GenerationOptions { Seed = 7, Sampler = new DdimSampler(3), GuidanceScale = 2 };
        using var expected = model.Generate(["T-shirt/top"], options)[0];

        using var service = await WebApiProcess.StartAsync(program, $"--Model={Garments.ModelPath}", "--Telemetry=true");

        CollectionAssert.AreEqual(expected.ToPng(), await service.Client.GetByteArrayAsync(Address));
        Assert.AreEqual(model.Digest, (await service.HealthAsync())["digest"]!.GetValue<string>());
        StringAssert.StartsWith(await service.Client.GetStringAsync("/classes"), """["Ankle boot","Bag",""");
        using var bad = await service.Client.GetAsync("/images/Bga");
        StringAssert.Contains(await bad.Content.ReadAsStringAsync(), "Did you mean 'Bag'?");
        StringAssert.Contains(service.Stop(), "diffusion.generation.images");
    }

    private static string Project(FreshPackage package) => $"""
        <Project Sdk="Microsoft.NET.Sdk.Web">
          <PropertyGroup>
            <TargetFramework>net10.0</TargetFramework>
            <ImplicitUsings>enable</ImplicitUsings>
            <Nullable>enable</Nullable>
            <InvariantGlobalization>true</InvariantGlobalization>
            <RuntimeIdentifier>linux-x64</RuntimeIdentifier>
            <PublishTrimmed>true</PublishTrimmed>
            <PublishSingleFile>true</PublishSingleFile>
            <EnableRequestDelegateGenerator>true</EnableRequestDelegateGenerator>
            <SuppressTrimAnalysisWarnings>true</SuppressTrimAnalysisWarnings>
          </PropertyGroup>
          <ItemGroup>
            <Compile Include="{BuildFiles.InRoot("samples", "WebApi")}/*.cs" />
            <Compile Include="{BuildFiles.InRoot("Microsoft.ML.Diffusion", "Runtime", "NearestName.cs")}" />
            <PackageReference Include="{FreshPackage.Id}" Version="{package.Version}" />
            <PackageReference Include="OpenTelemetry.Exporter.Console" Version="1.20.1" />
            <PackageReference Include="OpenTelemetry.Extensions.Hosting" Version="1.20.1" />
          </ItemGroup>
        </Project>
        """;

    // What the tests' own restore has is taken from there; the rest is that of .NET, from where the machine has its packages.
    private static string Sources(FreshPackage package) => $"""
        <configuration>
          <packageSources>
            <add key="fresh" value="{package.Feed}" />
          </packageSources>
          <fallbackPackageFolders>
            <clear />
            {string.Concat(BuildFiles.PackageFolders().Select((folder, i) => $"<add key=\"suite{i}\" value=\"{folder}\" />"))}
          </fallbackPackageFolders>
        </configuration>
        """;
}
