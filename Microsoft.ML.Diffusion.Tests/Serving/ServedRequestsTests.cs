using Microsoft.ML.Diffusion.Tests.Processes;

namespace Microsoft.ML.Diffusion.Tests.Serving;

/// <summary>A part of what <c>fuzz served</c> asks for.</summary>
[TestClass]
public sealed class ServedRequestsTests
{
    [TestMethod]
    public void Requests_ThatAreCancelledWhileModelsAreReplaced_AreAllAnsweredRightly() => Assert.AreEqual(0, ServedRequests.Run(2_000));
}
