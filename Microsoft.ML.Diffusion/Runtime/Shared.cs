namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>
/// Something native that several threads use and owners may dispose at any time: whoever uses it holds a share of it, and it is freed when it has no owner any
/// more and the last share is given back.
/// </summary>
/// <param name="value">What is shared.</param>
/// <param name="name">What messages call it.</param>
internal sealed class Shared<T>(T value, string name)
    where T : class, IDisposable
{
    private readonly Lock _turn = new();
    private T _value = value;
    private int _owners = 1;
    private int _shares;

    /// <summary>Takes a share, to be disposed when its value is used no more.</summary>
    /// <exception cref="ObjectDisposedException">It has no owner any more.</exception>
    public Share<T> Take()
    {
        lock (_turn)
        {
            CheckOwned();
            _shares++;
            return new Share<T>(_value, GiveBack);
        }
    }

    /// <summary>Takes one more share for a part of what already holds one, and so also when there is no owner any more.</summary>
    /// <exception cref="ObjectDisposedException">Nobody holds a share, and it has no owner.</exception>
    public Share<T> TakeAgain()
    {
        lock (_turn)
        {
            if (_shares == 0)
            {
                CheckOwned();
            }

            _shares++;
            return new Share<T>(_value, GiveBack);
        }
    }

    /// <summary>Makes it one owner more, to be undone by <see cref="RemoveOwner"/>.</summary>
    /// <exception cref="ObjectDisposedException">It has no owner any more.</exception>
    public void AddOwner()
    {
        lock (_turn)
        {
            CheckOwned();
            _owners++;
        }
    }

    /// <summary>Makes it one owner less. After the last no share can be taken.</summary>
    public void RemoveOwner()
    {
        lock (_turn)
        {
            _owners--;
            FreeUnused();
        }
    }

    /// <summary>Puts another in its place while nobody holds a share; whoever wants one waits meanwhile.</summary>
    /// <param name="replace">Makes it; the one that was there is freed, unless it is returned.</param>
    /// <exception cref="InvalidOperationException">Somebody holds a share.</exception>
    /// <exception cref="ObjectDisposedException">It has no owner any more.</exception>
    public void Replace(Func<T, T> replace)
    {
        lock (_turn)
        {
            CheckOwned();
            if (_shares > 0)
            {
                throw new InvalidOperationException($"The {name} is in use: change it when the calls and rows that use it are done.");
            }

            var old = _value;
            _value = replace(old);
            if (!ReferenceEquals(old, _value))
            {
                old.Dispose();
            }
        }
    }

    private void GiveBack()
    {
        lock (_turn)
        {
            _shares--;
            FreeUnused();
        }
    }

    private void CheckOwned()
    {
        if (_owners == 0)
        {
            throw new ObjectDisposedException(name, $"The {name} is disposed: dispose it when the calls and rows that use it are done.");
        }
    }

    private void FreeUnused()
    {
        if (_owners == 0 && _shares == 0)
        {
            _value.Dispose();
        }
    }
}

/// <summary>The right to use what a <see cref="Shared{T}"/> holds, until it is disposed.</summary>
internal sealed class Share<T>(T value, Action giveBack) : IDisposable
{
    private Action? _giveBack = giveBack;

    public T Value => value;

    /// <inheritdoc/>
    public void Dispose() => Interlocked.Exchange(ref _giveBack, null)?.Invoke();
}
