using System.Text.RegularExpressions;

namespace Microsoft.ML.Diffusion.Tests.Networks;

/// <summary>Our names, which are diffusers', for the parameters of ermongroup/ddim's U-Net.</summary>
internal static partial class ErmongroupNames
{
    private static readonly (string Theirs, string Ours)[] _parts =
    [
        ("temb.dense.0.", "time_embedding.linear_1."),
        ("temb.dense.1.", "time_embedding.linear_2."),
        ("mid.block_1.", "mid_block.resnets.0."),
        ("mid.block_2.", "mid_block.resnets.1."),
        ("mid.attn_1.", "mid_block.attentions.0."),
        ("norm_out.", "conv_norm_out."),
        (".downsample.", ".downsamplers.0."),
        (".upsample.", ".upsamplers.0."),
        (".block.", ".resnets."),
        (".attn.", ".attentions."),
        (".temb_proj.", ".time_emb_proj."),
        (".nin_shortcut.", ".conv_shortcut."),
    ];

    private static readonly (string Theirs, string Ours)[] _attentionParts =
    [
        (".norm.", ".group_norm."),
        (".q.", ".to_q."),
        (".k.", ".to_k."),
        (".v.", ".to_v."),
        (".proj_out.", ".to_out.0."),
    ];

    /// <param name="name">A name in an ermongroup state dict.</param>
    /// <param name="levels">Number of resolutions: theirs counts the way up by resolution, ours in the order of the walk.</param>
    public static string ToOurs(string name, int levels)
    {
        name = DownLevel().Replace(name, "down_blocks.");
        name = UpLevel().Replace(
            name,
            match => $"up_blocks.{levels - 1 - int.Parse(match.Groups["level"].ValueSpan, System.Globalization.CultureInfo.InvariantCulture)}.");
        foreach (var (theirs, ours) in _parts)
        {
            name = name.Replace(theirs, ours, StringComparison.Ordinal);
        }

        return name.Contains(".attentions.", StringComparison.Ordinal)
            ? _attentionParts.Aggregate(name, (current, part) => current.Replace(part.Theirs, part.Ours, StringComparison.Ordinal))
            : name;
    }

    [GeneratedRegex(@"^down\.")]
    private static partial Regex DownLevel();

    [GeneratedRegex(@"^up\.(?<level>\d+)\.")]
    private static partial Regex UpLevel();
}
