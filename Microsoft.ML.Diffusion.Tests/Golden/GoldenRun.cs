using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.ML.Diffusion.Persistence.Safetensors;

namespace Microsoft.ML.Diffusion.Tests.Golden;

/// <summary>A sampling run that a reference implementation recorded: one file of <c>samplers/</c>.</summary>
internal sealed record GoldenRun
{
    public required string File { get; init; }

    /// <summary>The peer and its function, such as <c>ermongroup/ddim functions/denoising.py:generalized_steps</c>.</summary>
    public required string Source { get; init; }

    public required JsonNode Config { get; init; }

    /// <summary>What the network returns.</summary>
    public required Expression Model { get; init; }

    /// <summary>What the second half of its channels holds; null where the variance is not learned.</summary>
    public Expression? VarianceModel { get; init; }

    /// <summary>What the network was told in each step.</summary>
    public required double[] Timesteps { get; init; }

    public required long[] Shape { get; init; }

    /// <summary>x.0, the start, and x.i after step i, counted from 1.</summary>
    public required IReadOnlyDictionary<int, double[]> X { get; init; }

    /// <summary>The predicted x_0 of step i, counted from 0, after clipping; empty for long runs.</summary>
    public required IReadOnlyDictionary<int, double[]> X0 { get; init; }

    /// <summary>Noise in the order in which the peer drew it.</summary>
    public required IReadOnlyDictionary<int, double[]> Noise { get; init; }

    /// <summary>max(1, max |x|): what the tolerances of a run are relative to.</summary>
    public double Magnitude => X.Values.SelectMany(x => x).Append(1).Max(Math.Abs);

    public static IEnumerable<string> Files => GoldenFolder.Files("*.safetensors", "samplers");

    public static GoldenRun Load(string file)
    {
        using var tensors = SafetensorsFile.Open(GoldenFolder.File(file));
        var metadata = tensors.Metadata;
        return new GoldenRun
        {
            File = file,
            Source = metadata["source"],
            Config = JsonNode.Parse(metadata["config"])!,
            Model = new Expression(metadata["model_expr"]),
            VarianceModel = metadata.TryGetValue("model_variance_expr", out var variance) ? new Expression(variance) : null,
            Timesteps = tensors["timesteps"] is { Type.IsInteger: true } whole
                ? Array.ConvertAll(whole.ToInt64s(), t => (double)t)
                : tensors["timesteps"].ToDoubles(),
            Shape = tensors["x.0"].Shape,
            X = Numbered(tensors, "x."),
            X0 = Numbered(tensors, "x0."),
            Noise = Numbered(tensors, "noise."),
        };
    }

    private static Dictionary<int, double[]> Numbered(SafetensorsFile tensors, string prefix) => tensors.Tensors
        .Where(tensor => tensor.Name.StartsWith(prefix, StringComparison.Ordinal))
        .ToDictionary(tensor => int.Parse(tensor.Name.AsSpan(prefix.Length), CultureInfo.InvariantCulture), tensor => tensor.ToDoubles());
}
