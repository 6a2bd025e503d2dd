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
        Assert.ThrowsExactly<ObjectDisposedException>(() => _shared.Change(_ => Assert.Fail("It is nobody's.")));
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
    public void Change_WhileInUse_IsRefused()
    {
        using (_shared.Take())
        {
            var error = Assert.ThrowsExactly<InvalidOperationException>(() => _shared.Change(_ => Assert.Fail("Somebody uses it.")));
            Assert.AreEqual("The thing is in use: change it when the calls and rows that use it are done.", error.Message);
        }

        Native? changed = null;
        _shared.Change(native => changed = native);
        Assert.AreSame(_native, changed);
    }

    public void Dispose() => _native.Dispose();

    private sealed class Native : IDisposable
    {
        public int Freed { get; private set; }

        public void Dispose() => Freed++;
    }
}
