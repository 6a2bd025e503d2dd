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
    /// <param name="input">The batch.</param>
    /// <param name="begin">The first of them.</param>
    /// <param name="end">The one behind the last.</param>
    /// <param name="largestChunk">The most images at a time.</param>
    /// <param name="dropout">What is dropped.</param>
    /// <param name="loss">The loss.</param>
    /// <param name="sums">Is told how far the last backward pass is; null for nobody.</param>
    /// <param name="part">The part of the batch that this is, for them.</param>
    public void AddGradients(
        NetworkInput input,
        int begin,
        int end,
        int largestChunk,
        DropoutDraws dropout,
        OutputGradient loss,
        SliceSums? sums = null,
        int part = 0)
    {
        var chunks = (end - begin + largestChunk - 1) / largestChunk;
        for (var chunk = 0; chunk < chunks; chunk++)
        {
            var first = begin + Workers.Begin(chunk, chunks, end - begin);
            var (program, call) =
                Forward(input, first, begin + Workers.Begin(chunk + 1, chunks, end - begin) - first, dropout, loss);
            program.Backward(call, chunk == chunks - 1 ? sums : null, part);
        }
    }

    // Forward, and the loss's gradient with respect to what comes out.
    private (CpuProgram Program, CpuCall Call) Forward(
        NetworkInput input,
        int first,
        int images,
        DropoutDraws dropout,
        OutputGradient loss)
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

        return entry;
    }
}
