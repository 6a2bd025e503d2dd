using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.ML.Diffusion.Persistence.Safetensors;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Golden;

/// <summary>Losses that a reference implementation computed on a few images: one file of <c>losses/</c>.</summary>
internal sealed partial class LossFile
{
    private static readonly JsonNode _index = GoldenFolder.ReadJson("losses/index.json");

    private readonly Dictionary<string, (long[] Shape, double[] Values)> _tensors;
    private readonly Dictionary<string, string> _metadata;

    private LossFile(string file)
    {
        using var tensors = SafetensorsFile.Open(GoldenFolder.File(file));
        File = file;
        _metadata = new Dictionary<string, string>(tensors.Metadata);
        _tensors =
            tensors.Tensors.ToDictionary(
                tensor => tensor.Name,
                tensor =>
                    (
                        tensor.Shape,
                        tensor.Type.IsInteger ? Array.ConvertAll(tensor.ToInt64s(), whole => (double)whole) : tensor.ToDoubles()));
        Schedule = NoiseSchedule.FromBetas(Betas());
        Timesteps = Array.ConvertAll(this["t"], t => (int)t);
    }

    public static IEnumerable<string> Files => GoldenFolder.Files("*.safetensors", "losses");

    public string File { get; }

    public NoiseSchedule Schedule { get; }

    public int[] Timesteps { get; }

    public string MeanType => _metadata["mean_type"];

    public string VarianceType => _metadata["var_type"];

    public Clipping Clipping => bool.Parse(_metadata["clip_denoised"]) ? Clipping.Static() : Clipping.None;

    /// <summary>What was computed: every tensor that is no input and not the reference's own float32.</summary>
    public IEnumerable<string> Results => _tensors.Keys.Where(name => name is not ("u8" or "t" or "noise" or "model_output")
        && !name.StartsWith("bpd.noise.", StringComparison.Ordinal) && !name.StartsWith("native_f32.", StringComparison.Ordinal));

    public double[] this[string name] => _tensors[name].Values;

    public static LossFile Load(string file) => new(file);

    public bool Has(string name) => _tensors.ContainsKey(name);

    /// <summary>Whether a tensor has a number for each pixel, not for each sample or timestep.</summary>
    public bool IsPerPixel(string name) => _tensors[name].Shape.Length > 2;

    /// <summary>x_0 = u8 / 127.5 - 1.</summary>
    public double[] Images() => Array.ConvertAll(this["u8"], level => (level / 127.5) - 1);

    /// <summary>The network's output for an image; a learned variance doubles the channels.</summary>
    public double[] Output(double[] x, int timestep) => _metadata.ContainsKey("model_variance_expr")
        ? [.. Evaluate("model_expr", x, timestep), .. Evaluate("model_variance_expr", x, timestep)]
        : Evaluate("model_expr", x, timestep);

    private double[] Evaluate(string name, double[] x, int timestep)
    {
        using var image = tensor(x);
        using var value = new Expression(_metadata[name]).Evaluate(image, "t", timestep);
        return value.ToDoubles();
    }

    // The index names a table of betas; without, the file says how NumPy made them.
    private double[] Betas()
    {
        var entry = _index["runs"]!.AsArray().First(run => run!.Text("file") == File)!;
        if (entry.Text("betas") is { Length: > 0 } name)
        {
            return _index["betas"]!.Numbers(name);
        }

        var match = Linspace().Match(_metadata["betas"]);
        double Number(string group) => double.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);
        return match.Success
            ? NumPy.Linspace(Number("start"), Number("stop"), (int)Number("count"))
            : throw new NotSupportedException($"{File}: the betas '{_metadata["betas"]}' are not known.");
    }

    [GeneratedRegex(@"^np\.linspace\((?<start>[\d.e+-]+), *(?<stop>[\d.e+-]+), *(?<count>\d+)\)$", RegexOptions.ExplicitCapture)]
    private static partial Regex Linspace();
}
