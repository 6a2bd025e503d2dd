using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Benchmarks;

/// <summary>The U-Net of DDPM, written in the plainest way.</summary>
internal sealed class PlainUNet : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly int _channels;
    private readonly Linear _time1;
    private readonly Linear _time2;
    private readonly Conv2d _in;
    private readonly Conv2d _out;
    private readonly GroupNorm _norm;
    private readonly PlainResidual _middle1;
    private readonly PlainResidual _middle2;
    private readonly PlainAttention _middleAttention;
    private readonly ModuleList<nn.Module> _down = [];
    private readonly ModuleList<nn.Module> _up = [];

    public PlainUNet(Configuration configuration)
        : base(nameof(PlainUNet))
    {
        _channels = configuration.BaseChannels;
        var features = _channels * 4;
        _time1 = nn.Linear(_channels, features);
        _time2 = nn.Linear(features, features);
        _in = nn.Conv2d(configuration.Channels, _channels, 3, padding: 1);
        var (channels, side, skips) = (_channels, configuration.ImageSize, new Stack<int>([_channels]));
        for (var level = 0; level < configuration.Multipliers.Length; level++)
        {
            var width = _channels * configuration.Multipliers[level];
            for (var block = 0; block < configuration.Blocks; block++, channels = width)
            {
                _down.Add(new PlainResidual(channels, width, features));
                if (side == configuration.AttentionAt)
                {
                    _down.Add(new PlainAttention(width));
                }

                skips.Push(width);
            }

            if (level + 1 < configuration.Multipliers.Length)
            {
                _down.Add(nn.Conv2d(channels, channels, 3, stride: 2));
                skips.Push(channels);
                side /= 2;
            }
        }

        _middle1 = new PlainResidual(channels, channels, features);
        _middleAttention = new PlainAttention(channels);
        _middle2 = new PlainResidual(channels, channels, features);
        for (var level = configuration.Multipliers.Length - 1; level >= 0; level--)
        {
            var width = _channels * configuration.Multipliers[level];
            for (var block = 0; block <= configuration.Blocks; block++, channels = width)
            {
                _up.Add(new PlainResidual(channels + skips.Pop(), width, features));
                if (side == configuration.AttentionAt)
                {
                    _up.Add(new PlainAttention(width));
                }
            }

            if (level > 0)
            {
                _up.Add(nn.Conv2d(channels, channels, 3, padding: 1));
                side *= 2;
            }
        }

        _norm = nn.GroupNorm(32, channels, 1e-6);
        _out = nn.Conv2d(channels, configuration.Channels, 3, padding: 1);
        RegisterComponents();
        foreach (var norm in modules().OfType<GroupNorm>())
        {
            nn.init.ones_(norm.weight!); // TorchSharp 0.107 leaves them unset
            nn.init.zeros_(norm.bias!);
        }
    }

    public override Tensor forward(Tensor x, Tensor timesteps)
    {
        using var scope = NewDisposeScope();
        var frequencies = exp(arange(_channels / 2, device: x.device) * -(Math.Log(10000) / ((_channels / 2) - 1)));
        var angles = timesteps.unsqueeze(1).to(ScalarType.Float32) * frequencies.unsqueeze(0);
        var embedding = _time2.forward(nn.functional.silu(_time1.forward(cat([angles.sin(), angles.cos()], 1))));
        var h = _in.forward(x);
        var skips = new Stack<Tensor>([h]);
        foreach (var module in _down)
        {
            if (module is PlainAttention attention)
            {
                h = attention.forward(skips.Pop());
            }
            else
            {
                h = module is PlainResidual residual
                    ? residual.forward(h, embedding)
                    : ((Conv2d)module).forward(nn.functional.pad(h, [0, 1, 0, 1]));
            }

            skips.Push(h);
        }

        h = _middle2.forward(_middleAttention.forward(_middle1.forward(h, embedding)), embedding);
        foreach (var module in _up)
        {
            h = module switch
            {
                PlainAttention attention => attention.forward(h),
                PlainResidual residual => residual.forward(cat([h, skips.Pop()], 1), embedding),
                _ => ((Conv2d)module).forward(nn.functional.interpolate(h, scale_factor: [2, 2], mode: InterpolationMode.Nearest)),
            };
        }

        return _out.forward(nn.functional.silu(_norm.forward(h))).MoveToOuterDisposeScope();
    }
}

internal sealed class PlainResidual : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly GroupNorm _norm1;
    private readonly GroupNorm _norm2;
    private readonly Conv2d _conv1;
    private readonly Conv2d _conv2;
    private readonly Linear _time;
    private readonly Conv2d? _shortcut;

    public PlainResidual(int inChannels, int outChannels, int features)
        : base(nameof(PlainResidual))
    {
        _norm1 = nn.GroupNorm(32, inChannels, 1e-6);
        _conv1 = nn.Conv2d(inChannels, outChannels, 3, padding: 1);
        _time = nn.Linear(features, outChannels);
        _norm2 = nn.GroupNorm(32, outChannels, 1e-6);
        _conv2 = nn.Conv2d(outChannels, outChannels, 3, padding: 1);
        _shortcut = inChannels == outChannels ? null : nn.Conv2d(inChannels, outChannels, 1);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, Tensor embedding)
    {
        using var scope = NewDisposeScope();
        var h = _conv1.forward(nn.functional.silu(_norm1.forward(x)))
            + _time.forward(nn.functional.silu(embedding)).unsqueeze(-1).unsqueeze(-1);
        h = _conv2.forward(nn.functional.silu(_norm2.forward(h)));
        return ((_shortcut is null ? x : _shortcut.forward(x)) + h).MoveToOuterDisposeScope();
    }
}

internal sealed class PlainAttention : nn.Module<Tensor, Tensor>
{
    private readonly GroupNorm _norm;
    private readonly Conv2d _query;
    private readonly Conv2d _key;
    private readonly Conv2d _value;
    private readonly Conv2d _out;

    public PlainAttention(int channels)
        : base(nameof(PlainAttention))
    {
        _norm = nn.GroupNorm(32, channels, 1e-6);
        _query = nn.Conv2d(channels, channels, 1);
        _key = nn.Conv2d(channels, channels, 1);
        _value = nn.Conv2d(channels, channels, 1);
        _out = nn.Conv2d(channels, channels, 1);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var (n, c, h, w) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3]);
        var y = _norm.forward(x);
        Tensor Pixels(Conv2d projection) => projection.forward(y).reshape(n, 1, c, h * w).transpose(2, 3);
        var attended = nn.functional.scaled_dot_product_attention(Pixels(_query), Pixels(_key), Pixels(_value));
        return (x + _out.forward(attended.transpose(2, 3).reshape(n, c, h, w))).MoveToOuterDisposeScope();
    }
}
