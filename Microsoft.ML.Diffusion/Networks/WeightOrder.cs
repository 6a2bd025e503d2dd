using System.Globalization;

namespace Microsoft.ML.Diffusion.Networks;

/// <summary>
/// Orders of a network's weights, by their names: promises to every model and checkpoint there is, whatever order layers are computed in.
/// </summary>
internal sealed class WeightOrder
{
    private const int Container = 1 << 24; // more than there are words, or layers in a container

    // Parts of names that stand side by side, in their order; the others are numbers.
    private static readonly string[] _words =
    [
        "conv_in", "time_embedding", "class_embedding", "augment_embedding", "down_blocks", "mid_block", "up_blocks", "conv_norm_out",
        "conv_out",
        "resnets", "attentions", "downsamplers", "upsamplers",
        "norm1", "conv1", "time_emb_proj", "norm2", "conv2", "conv_shortcut",
        "group_norm", "to_q", "to_k", "to_v", "to_out",
        "linear_1", "linear_2", "conv",
        "weight", "bias",
    ];

    private static readonly Comparer<int[]> _byRanks = Comparer<int[]>.Create((x, y) => x.AsSpan().SequenceCompareTo(y));

    private readonly bool _layersFirst;

    private WeightOrder(bool layersFirst) => _layersFirst = layersFirst;

    /// <summary>That of model files: part of a name by part.</summary>
    public static WeightOrder OfFiles { get; } = new(layersFirst: false);

    /// <summary>That of an optimizer's buffers: the layers of a container come before the containers in it.</summary>
    public static WeightOrder OfBuffers { get; } = new(layersFirst: true);

    /// <summary>Brings weights into this order.</summary>
    /// <exception cref="ArgumentException">A part of a name has no place in it.</exception>
    public IReadOnlyList<PlanWeight> Sort(IEnumerable<PlanWeight> weights) => [.. weights.OrderBy(weight => Ranks(weight.Name), _byRanks)];

    private int[] Ranks(string name)
    {
        var parts = name.Split('.'); // containers, the layer, the weight
        return [.. parts.Select((part, i) => Rank(part, name) + (_layersFirst && i < parts.Length - 2 ? Container : 0))];
    }

    private static int Rank(string part, string name)
    {
        var isNumber = int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number);
        var rank = isNumber ? number : Array.IndexOf(_words, part);
        return rank >= 0 ? rank : throw new ArgumentException($"{name}: '{part}' has no place in the order of weights.", nameof(name));
    }
}
