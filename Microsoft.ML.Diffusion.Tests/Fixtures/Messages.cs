namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>Whole error texts.</summary>
internal static class Messages
{
    /// <summary>Asserts that an action throws exactly this exception with exactly this text.</summary>
    public static void Expect<TException>(string message, Action action)
        where TException : Exception =>
        Assert.AreEqual(message, Assert.ThrowsExactly<TException>(action).Message.ReplaceLineEndings("\n"));
}
