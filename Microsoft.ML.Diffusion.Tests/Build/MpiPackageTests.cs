namespace Microsoft.ML.Diffusion.Tests.Build;

/// <summary>The package that carries gradients over MPI, as a user gets it.</summary>
[TestClass]
[TestCategory(TestCategories.Integration)]
public sealed class MpiPackageTests
{
    private const string Id = "Microsoft.ML.Diffusion.Mpi";

    [TestMethod]
    public void Package_IsTheAssemblyAndItsPage_AndNeedsTheLibrary()
    {
        using var package = new FreshPackage(Id);

        Assert.AreEqual(0, package.ExitCode, package.Log);
        Assert.DoesNotContain("warning", package.Log);
        string[] files = [$"{Id}.nuspec", "icon.png", $"lib/net10.0/{Id}.dll", $"lib/net10.0/{Id}.xml", "scale-out.md"];
        Assert.AreSequenceEqual(files.Order(StringComparer.Ordinal), package.Files().Keys.Order(StringComparer.Ordinal));
        Assert.AreSequenceEqual(
            [$"{Id}.nuspec", $"lib/net10.0/{Id}.pdb"],
            package.Files("snupkg").Keys.Order(StringComparer.Ordinal));

        // Besides it those that it needs itself, at the versions that were tested.
        using var library = new FreshPackage();
        CollectionAssert.AreEquivalent((string[])[FreshPackage.Id, .. Dependencies(library)], Dependencies(package));
    }

    private static List<string> Dependencies(FreshPackage package) =>
        [.. package.Nuspec().Elements().Single(element => element.Name.LocalName == "dependencies").Elements().Single().Elements()
            .Select(dependency => dependency.Attribute("id")!.Value)];
}
