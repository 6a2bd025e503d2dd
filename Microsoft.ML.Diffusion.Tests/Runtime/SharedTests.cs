using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Tests.Runtime;

[TestClass]
public sealed class SharedTests : IDisposable
{
    private readonly Native _native = new();
    private readonly Shared<Native> _shared;

    public SharedTests() => _shared = new Shared<Native>(_native, "thing");

    [TestMethod]
    public void RemoveOwner_WhileInUse_FreesWithTheLastShare()
    {
        var first = _shared.Take();
        var second = _shared.Take();
        Assert.AreSame(_native, first.Value);

        _shared.RemoveOwner();
        first.Dispose();
        first.Dispose();
        Assert.AreEqual(0, _native.Freed);

        second.Dispose();
        Assert.AreEqual(1, _native.Freed);
    }

    [TestMethod]
    public void Take_AfterTheLastOwner_SaysWhatToDo()
    {
        _shared.AddOwner();
        _shared.RemoveOwner();
        _shared.Take().Dispose();
        Assert.AreEqual(0, _native.Freed);

        using var share = _shared.Take();
        _shared.RemoveOwner();

        var error = Assert.ThrowsExactly<ObjectDisposedException>(() => _shared.Take());
        Assert.AreEqual("The thing is disposed: dispose it when the calls and rows that use it are done.\nObject name: 'thing'.", error.Message.ReplaceLineEndings("\n"));
        Assert.ThrowsExactly<ObjectDisposedException>(_shared.AddOwner);
        Assert.ThrowsExactly<ObjectDisposedException>(() => _shared.Replace(Never));
    }

    [TestMethod]
    public void TakeAgain_WithinAShare_OutlivesTheOwners()
    {
        var outer = _shared.Take();
        _shared.RemoveOwner();
        var inner = _shared.TakeAgain();
        outer.Dispose();
        Assert.AreEqual(0, _native.Freed);

        inner.Dispose();

        Assert.AreEqual(1, _native.Freed);
        Assert.ThrowsExactly<ObjectDisposedException>(() => _shared.TakeAgain());
    }

    [TestMethod]
    public void Replace_WhileInUse_IsRefused()
    {
        using (_shared.Take())
        {
            var error = Assert.ThrowsExactly<InvalidOperationException>(() => _shared.Replace(Never));
            Assert.AreEqual("The thing is in use: change it when the calls and rows that use it are done.", error.Message);
        }

        Native? changed = null;
        _shared.Replace(native => changed = native);
        Assert.AreSame(_native, changed);
        Assert.AreEqual(0, _native.Freed);
    }

    [TestMethod]
    public void Replace_ByAnother_FreesTheOldAndIsSharedFromNowOn()
    {
        using var other = new Native();

        _shared.Replace(_ => other);

        Assert.AreEqual(1, _native.Freed);
        using (var share = _shared.Take())
        {
            Assert.AreSame(other, share.Value);
        }

        _shared.RemoveOwner();
        Assert.AreEqual((1, 1), (_native.Freed, other.Freed));
    }

    [TestMethod]
    public void Replace_ThatFails_ChangesNothing()
    {
        Assert.ThrowsExactly<InsufficientMemoryException>(() => _shared.Replace(_ => throw new InsufficientMemoryException()));

        using var share = _shared.Take();
        Assert.AreSame(_native, share.Value);
        Assert.AreEqual(0, _native.Freed);
    }

    public void Dispose() => _native.Dispose();

    private static Native Never(Native native) => throw new AssertFailedException("It is not to be changed.");

    private sealed class Native : IDisposable
    {
        public int Freed { get; private set; }

        public void Dispose() => Freed++;
    }
}
