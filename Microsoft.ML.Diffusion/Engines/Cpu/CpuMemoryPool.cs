namespace Microsoft.ML.Diffusion.Engines.Cpu;

/// <summary>Memory between calls: what one needed, the next takes, whatever it computes.</summary>
/// <param name="most">The pieces that it keeps at most: as many as there are cores.</param>
internal sealed class CpuMemoryPool(int most)
{
    private readonly Lock _turn = new();
    private readonly List<CpuMemory> _idle = []; // by length

    /// <summary>The pieces that nobody uses.</summary>
    public int Count
    {
        get
        {
            lock (_turn)
            {
                return _idle.Count;
            }
        }
    }

    /// <summary>Takes the smallest piece that is large enough, or makes one in place of the smallest there is.</summary>
    public CpuMemory Take(long length)
    {
        lock (_turn)
        {
            var found = _idle.FindIndex(memory => memory.Length >= length);
            var taken = found >= 0 ? _idle[found] : null;
            if (_idle.Count > 0)
            {
                _idle.RemoveAt(Math.Max(found, 0));
            }

            if (taken is not null)
            {
                return taken;
            }
        }

        return new CpuMemory(length);
    }

    /// <summary>Gives a piece back. Beyond the most that it keeps, the smallest is left to the garbage collector.</summary>
    public void Return(CpuMemory memory)
    {
        lock (_turn)
        {
            var larger = _idle.FindIndex(other => other.Length > memory.Length);
            _idle.Insert(larger >= 0 ? larger : _idle.Count, memory);
            if (_idle.Count > most)
            {
                _idle.RemoveAt(0);
            }
        }
    }

    /// <summary>Leaves all pieces to the garbage collector.</summary>
    public void Clear()
    {
        lock (_turn)
        {
            _idle.Clear();
        }
    }
}
