namespace Microsoft.ML.Diffusion.Tests.Training;

[TestClass]
public sealed class NativeHeapTests
{
    [TestMethod]
    public void Tune_OnGlibc_TakesEffect()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Inconclusive("glibc is Linux's.");
        }

        Assert.IsTrue(NativeHeap.Tune());
    }
}
