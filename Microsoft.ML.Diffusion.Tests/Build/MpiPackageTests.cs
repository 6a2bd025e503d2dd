namespace Microsoft.ML.Diffusion.Tests.Build;

/// <summary>The package that carries gradients over MPI, as a user gets it.</summary>
[TestClass]
[TestCategory(TestCategories.Integration)]
public sealed class MpiPackageTests
{
    private const string Id = "Microsoft.ML.Diffusion.Mpi";

    [TestMethod]
    public void Package_IsTheAssemblyAndItsPage_AndNeedsTheLibraryAlone()
    {
        using var package = new FreshPackage(Id);

        Assert.AreEqual(0, package.ExitCode, package.Log);
        Assert.DoesNotContain("warning", package.Log);
        string[] files = [$"{Id}.nuspec", "icon.png", $"lib/net10.0/{Id}.dll", $"lib/net10.0/{Id}.xml", "scale-out.md"];
        Assert.AreSequenceEqual(files.Order(StringComparer.Ordinal), package.Files().Keys.Order(StringComparer.Ordinal));
        Assert.AreSequenceEqual(
            [$"{Id}.nuspec", $"lib/net10.0/{Id}.pdb"],
            package.Files("snupkg").Keys.Order(StringComparer.Ordinal));
        var dependencies = package.Nuspec().Elements().Single(element => element.Name.LocalName == "dependencies").Elements().Single().Elements();
        Assert.AreEqual(
            $"{FreshPackage.Id} {package.Version}",
            string.Join(", ", dependencies.Select(dependency => $"{dependency.Attribute("id")?.Value} {dependency.Attribute("version")?.Value}")));
    }
}
