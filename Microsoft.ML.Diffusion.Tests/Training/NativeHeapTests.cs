namespace Microsoft.ML.Diffusion.Tests.Training;

[TestClass]
public sealed class NativeHeapTests
{
    [TestMethod]
    public void Tune_TakesEffectWhereThereIsGlibc()
    {
        Assert.AreEqual(OperatingSystem.IsLinux(), NativeHeap.Tune(), "elsewhere there is no glibc, and nothing to do");
    }
}
