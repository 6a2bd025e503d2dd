#pragma warning disable SYSLIB0046
namespace Microsoft.ML.Diffusion.Tests;
[TestClass]
public sealed class TempProbe
{
    [TestMethod]
    public void Stack()
    {
        using var c = new CancellationTokenSource(3000);
        try { System.Runtime.ControlledExecution.Run(() => { try { new MLContext().Model.Load("/tmp/hz/hang.zip", out _); } catch (Exception e) { Console.WriteLine("INNER " + e); throw; } }, c.Token); }
        catch (Exception e) { Console.WriteLine("OUTER " + e); }
    }
}
