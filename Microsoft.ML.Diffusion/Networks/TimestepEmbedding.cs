using Microsoft.ML.Diffusion.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Networks;

/// <summary>Sinusoids of the timestep and the two layers that turn them into features.</summary>
internal sealed class TimestepEmbedding : nn.Module<Tensor, Tensor>
{
    private readonly Linear linear_1;
    private readonly Linear linear_2;
    private readonly UNetOptions _options;

    public TimestepEmbedding(UNetOptions options, int features)
        : base(nameof(TimestepEmbedding))
    {
        _options = options;
        linear_1 = nn.Linear(options.BaseChannels, features);
        linear_2 = nn.Linear(features, features);
        RegisterComponents();
    }

    /// <summary>Timesteps [N] to features [N, F].</summary>
    public override Tensor forward(Tensor timesteps)
    {
        var details = _options.Details;
        var sinusoids = Sinusoids(timesteps, _options.BaseChannels, details.CosinesFirst, details.FrequencyShift);
        return linear_2.forward(nn.functional.silu(linear_1.forward(sinusoids.to(linear_1.weight.dtype))));
    }

    /// <summary>[sin(t w_i), cos(t w_i)] for w_i = 10000^(-i / (half - shift)), i = 0..half-1: [N] to [N, count], as the DDPM U-Net has it.</summary>
    internal static Tensor Sinusoids(Tensor timesteps, int count, bool cosinesFirst = false, int shift = 1)
    {
        var half = count / 2;
        var indices = tensor(Array.ConvertAll([.. Enumerable.Range(0, half)], i => (float)i), device: timesteps.device);
        var frequencies = indices.Times(-Math.Log(10000) / Math.Max(1, half - shift)).exp();
        var angles = timesteps.to(ScalarType.Float32).unsqueeze(1) * frequencies.unsqueeze(0);
        return cosinesFirst ? cat([angles.cos(), angles.sin()], 1) : cat([angles.sin(), angles.cos()], 1);
    }
}
