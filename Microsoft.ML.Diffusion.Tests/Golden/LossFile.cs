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

    public Tensor Tensor(string name, ScalarType type) => _tensors[name].Values.ToTensor(_tensors[name].Shape, type);

    /// <summary>x_0 = u8 / 127.5 - 1.</summary>
    public Tensor Images(ScalarType type) =>
        Array.ConvertAll(this["u8"], level => (level / 127.5) - 1).ToTensor(_tensors["u8"].Shape, type);

    /// <summary>The network's output for x, each sample at a timestep of its own; a learned variance doubles the channels.</summary>
    public Tensor Output(Tensor x, int[] timesteps)
    {
        var prediction = Evaluate("model_expr", x, timesteps);
        return _metadata.ContainsKey("model_variance_expr")
            ? cat([prediction, Evaluate("model_variance_expr", x, timesteps)], 1)
            : prediction;
    }

    private Tensor Evaluate(string name, Tensor x, int[] timesteps)
    {
        var expression = new Expression(_metadata[name]);
        return cat([.. timesteps.Select((t, i) => expression.Evaluate(x.narrow(0, i, 1), "t", t))]);
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
