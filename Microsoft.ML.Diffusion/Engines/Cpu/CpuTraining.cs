using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Networks.Kernels;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Engines.Cpu;

/// <summary>Training by this library's own kernels. Images go through the network a few at a time, so that memory does not grow with the batch.</summary>
/// <remarks>
/// The parts of a batch, one for each core, add their gradients to buffers of their own, which an update adds up in pairs (<see cref="TreeSum"/>): a run repeats bit
/// by bit where the number of parts, of all processes together, is the same.
/// </remarks>
internal sealed unsafe class CpuTraining : NetworkTraining
{
    private const long LargestGradients = 1L << 30; // bytes of the gradients of all parts

    private readonly CpuNetwork _network;
    private readonly CpuShare _share;
    private readonly CpuShard[] _shards;
    private readonly CpuOptimizer _optimizer;
    private readonly Action<int> _addGradients;
    private (NetworkInput Input, int Parts, DropoutDraws Dropout, OutputGradient Loss, MicroBatch Place) _batch;
    private GroupShare? _group;
    private SliceSums? _sums;

    public CpuTraining(CpuNetwork network)
    {
        _network = network;
        var bytes = (long)network.Weights.Length * sizeof(float);
        var cores = (int)Math.Clamp(LargestGradients / bytes, 1, CoreShare.Cores);
        _share = CpuShare.For(new CpuProgram(network.Plan, images: 1, network.Plan.Nodes.Count - 1, trains: true), cores);
        _shards = [.. Enumerable.Range(0, _share.Parts).Select(_ => new CpuShard(network.Weights))];
        _optimizer = new CpuOptimizer(network.Weights, [.. _shards.Select(shard => shard.Gradients)]);
        _addGradients = AddGradients; // made once: a step allocates nothing
    }

    /// <inheritdoc/>
    public override long Updates
    {
        get => _optimizer.Updates;
        set => _optimizer.Updates = value;
    }

    /// <inheritdoc/>
    public override int Parts => _shards.Length;

    /// <inheritdoc/>
    public override void Join(GroupShare share)
    {
        _group = share;
        _sums = new SliceSums(share, _shards[0].Gradients, _shards.Length, _optimizer.SumParts);
    }

    /// <inheritdoc/>
    public override void AddGradients(NetworkInput input, DropoutDraws dropout, OutputGradient loss, MicroBatch place = default)
    {
        try
        {
            _batch = (input, Math.Min(_shards.Length, input.Count), dropout, loss, place);
            if (place.IsLast)
            {
                _sums?.Start();
            }

            KernelThreads.Run(_batch.Parts, _addGradients);
        }
        catch
        {
            Array.ForEach(_shards, shard => shard.Gradients.All.Clear()); // those of half a batch are of no use
            throw;
        }
        finally
        {
            _batch = default;
        }
    }

    /// <inheritdoc/>
    public override bool Update(UpdateSettings settings, bool isLossFinite)
    {
        _network.Change();
        return _optimizer.Update(settings, isLossFinite, isSummed: _sums is not null);
    }

    /// <inheritdoc/>
    public override void SumOverGroup() => _sums?.Finish();

    /// <inheritdoc/>
    public override void Read(TrainingBuffer buffer, Span<float> values) => _optimizer[buffer].All.CopyTo(values);

    /// <inheritdoc/>
    public override void Write(TrainingBuffer buffer, ReadOnlySpan<float> values)
    {
        values.CopyTo(_optimizer[buffer].All);
        _network.Change();
    }

    /// <inheritdoc/>
    public override IDisposable LendAverage()
    {
        var own = _network.Weights.Copy();
        UseAverage();
        return new Loan(() =>
        {
            own.All.CopyTo(_network.Weights.All);
            _network.Change();
        });
    }

    /// <inheritdoc/>
    public override void UseAverage()
    {
        _optimizer[TrainingBuffer.Average].All.CopyTo(_network.Weights.All);
        _network.Change();
    }

    /// <summary>The sum of the gradients since the last update, for tests.</summary>
    internal NetworkWeights Gradients()
    {
        var copies = _shards.Select(shard => shard.Gradients.Copy()).ToArray();
        foreach (var (to, from) in TreeSum.Pairs(copies.Length))
        {
            Numbers.Add(copies[from].Begin, copies[to].Begin, copies[to].Length);
        }

        return copies[0];
    }

    /// <inheritdoc/>
    public override void Dispose() => _sums?.Dispose();

    private void AddGradients(int part) => _shards[part].AddGradients(
        _batch.Input,
        Begin(part),
        Begin(part + 1),
        _share.Images,
        _batch.Dropout,
        _batch.Loss,
        _batch.Place.IsLast ? _sums : null,
        part);

    // The parts are those that the threads of a single process would have.
    private int Begin(int part) =>
        _group?.Begin(part, _batch.Place.Images) ?? Workers.Begin(part, _batch.Parts, _batch.Input.Count);

    private sealed class Loan(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
