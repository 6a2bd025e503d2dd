namespace Microsoft.ML.Diffusion.Tests.Processes;

/// <summary>The first of the rounds of which the fuzz project's "dispose" does as many as asked.</summary>
[TestClass]
[TestCategory(TestCategories.Integration)]
public sealed class DisposeWhileUsedTests
{
    [TestMethod]
    public void Dispose_WhileEightThreadsUseTheModel_LetsThemEndWell()
    {
        var (exitCode, output, error) = ChildProcess.TryRun("dispose", "8");

        Assert.AreEqual(0, exitCode, error);
        StringAssert.StartsWith(output, "8 rounds, ");
        StringAssert.EndsWith(output, " calls ended well, 64 were refused");
    }
}
