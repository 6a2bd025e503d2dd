using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Networks;

/// <summary>Sinusoids of the timestep and the two layers that turn them into features.</summary>
internal sealed class TimestepEmbedding : nn.Module<Tensor, Tensor>
{
    private readonly Linear linear_1;
    private readonly Linear linear_2;
    private readonly int _sinusoids;

    public TimestepEmbedding(int sinusoids, int features)
        : base(nameof(TimestepEmbedding))
    {
        _sinusoids = sinusoids;
        linear_1 = nn.Linear(sinusoids, features);
        linear_2 = nn.Linear(features, features);
        RegisterComponents();
    }

    /// <summary>Timesteps [N] to features [N, F].</summary>
    public override Tensor forward(Tensor timesteps) =>
        linear_2.forward(nn.functional.silu(linear_1.forward(Sinusoids(timesteps, _sinusoids).to(linear_1.weight.dtype))));

    /// <summary>[sin(t w_i), cos(t w_i)] for w_i = 10000^(-i / (half - 1)), i = 0..half-1: [N] to [N, count], as the DDPM U-Net has it.</summary>
    internal static Tensor Sinusoids(Tensor timesteps, int count)
    {
        var half = count / 2;
        var frequencies = exp(arange(half, ScalarType.Float32, timesteps.device) * (-Math.Log(10000) / Math.Max(1, half - 1)));
        var angles = timesteps.to(ScalarType.Float32).unsqueeze(1) * frequencies.unsqueeze(0);
        return cat([angles.sin(), angles.cos()], 1);
    }
}
