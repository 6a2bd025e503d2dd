using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Engines.Cpu;

/// <summary>What computes the gradients of a part of a batch, on one thread.</summary>
/// <param name="weights">The network's.</param>
internal sealed unsafe class CpuShard(NetworkWeights weights)
{
    private readonly Dictionary<int, (CpuProgram Program, CpuCall Call)> _calls = [];
    private readonly int _last = weights.Plan.Nodes.Count - 1;
    private CpuMemory? _memory; // of the largest program: one is computed at a time
    private float[] _output = [];
    private float[] _gradient = [];

    /// <summary>The gradients so far.</summary>
    public NetworkWeights Gradients { get; } = new(weights.Plan);

    /// <summary>Adds the gradients of some images of a batch.</summary>
    public void AddGradients(NetworkInput input, int begin, int end, int largestChunk, DropoutDraws dropout, OutputGradient loss)
    {
        var chunks = (end - begin + largestChunk - 1) / largestChunk;
        for (var chunk = 0; chunk < chunks; chunk++)
        {
            var first = begin + Workers.Begin(chunk, chunks, end - begin);
            AddGradients(input, first, begin + Workers.Begin(chunk + 1, chunks, end - begin) - first, dropout, loss);
        }
    }

    private void AddGradients(NetworkInput input, int first, int images, DropoutDraws dropout, OutputGradient loss)
    {
        if (!_calls.TryGetValue(images, out var entry))
        {
            var made = new CpuProgram(weights.Plan, images, _last, trains: true);
            if (!(_memory?.Length >= made.Memory.Length))
            {
                _calls.Clear();
                _memory = null; // before more is taken
                _memory = new CpuMemory(made.Memory.Length);
            }

            _calls.Add(images, entry = (made, new CpuCall(made, weights, Gradients, _memory)));
        }

        var (program, call) = entry;
        call.Begin(input, first, dropout);
        program.Forward(call);
        var shape = weights.Plan.Nodes[_last].Shape;
        var length = shape.Channels * shape.Height * shape.Width;
        if (_output.Length != length)
        {
            (_output, _gradient) = (new float[length], new float[length]);
        }

        fixed (float* output = _output, gradient = _gradient)
        {
            for (var image = 0; image < images; image++)
            {
                PixelOrder.ToPlanes(call.Value(_last) + (image * length), shape, 1, output);
                loss(first + image, _output, _gradient);
                PixelOrder.ToChannelsLast(gradient, shape, 1, call.Gradient(_last) + (image * length));
            }
        }

        program.Backward(call);
    }
}
