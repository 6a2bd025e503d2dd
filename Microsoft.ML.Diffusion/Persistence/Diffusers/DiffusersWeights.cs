using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Persistence.Safetensors;

namespace Microsoft.ML.Diffusion.Persistence.Diffusers;

/// <summary>A network's weights in the file that diffusers keeps them in.</summary>
internal static class DiffusersWeights
{
    public const string FileName = "diffusion_pytorch_model.safetensors";

    // Attention's layers as files from before diffusers 0.14 name them.
    private static readonly (string Old, string New)[] _olderNames =
        [(".query.", ".to_q."), (".key.", ".to_k."), (".value.", ".to_v."), (".proj_attn.", ".to_out.0.")];

    /// <summary>Reads the weights of a network from a folder, straight from the mapped file.</summary>
    /// <exception cref="FormatException">The file is damaged, or not of the network that the configuration describes.</exception>
    /// <exception cref="NotSupportedException">The folder keeps the weights in another way.</exception>
    public static NetworkWeights Load(string folder, DiffusersNetwork description, int height, int width)
    {
        var path = Find(folder);
        using var file = SafetensorsFile.Open(path);
        var (promised, found) = (
            UNetSize.AtLeast(description.Options, description.InChannels, description.OutChannels, description.NumberOfClasses),
            file.Tensors.Sum(tensor => tensor.ElementCount));
        if (promised > found)
        {
            throw new FormatException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{path}: holds {found} weights, but the network of its config.json has at least {promised:F0}. They are not of one model."));
        }

        var plan =
            new UNetPlan(description.Options, description.InChannels, description.OutChannels, height, width, description.NumberOfClasses);
        var weights = new NetworkWeights(plan);
        Fill(weights, file, path);
        return weights;
    }

    /// <summary>Writes the weights, as float32.</summary>
    public static void Write(NetworkWeights weights, Stream stream)
    {
        var writer = new SafetensorsWriter(new Dictionary<string, string> { ["format"] = "pt" });
        foreach (var weight in weights.Plan.Weights)
        {
            writer.Add(weight.Name, SafetensorsType.F32, weight.Sides, write => write(MemoryMarshal.AsBytes(weights[weight])));
        }

        writer.WriteTo(stream);
    }

    private static void Fill(NetworkWeights weights, SafetensorsFile file, string path)
    {
        var remaining = weights.Plan.Weights.ToDictionary(weight => weight.Name);
        foreach (var tensor in file.Tensors)
        {
            if (!remaining.Remove(NewName(tensor.Name), out var weight))
            {
                throw new FormatException(
                    $"{path}: holds the tensor {SafetensorsEntry.Quote(tensor.Name)}, which the network of its config.json has not, or has had under another name already.");
            }

            Copy(tensor, weight, weights[weight], path);
        }

        if (remaining.Count > 0)
        {
            throw new FormatException(
                $"{path}: lacks {remaining.Count} of the tensors of the network of its config.json, such as '{remaining.Keys.Order(StringComparer.Ordinal).First()}'.");
        }
    }

    private static void Copy(SafetensorsTensor tensor, PlanWeight weight, Span<float> values, string path)
    {
        if (!tensor.Type.IsFloatingPoint || !tensor.Shape.AsSpan().SequenceEqual(weight.Sides))
        {
            throw new FormatException(
                $"{path}: the tensor {SafetensorsEntry.Quote(tensor.Name)} is {tensor.Type} {SafetensorsEntry.ShapeText(tensor.Shape)}, but the network of its config.json needs floating-point numbers {SafetensorsEntry.ShapeText(weight.Sides)}.");
        }

        if (tensor.Type == SafetensorsType.F32)
        {
            tensor.CopyTo(MemoryMarshal.AsBytes(values));
        }
        else
        {
            tensor.ConvertTo(values);
        }
    }

    private static string NewName(string name) => name.Contains("attentions.", StringComparison.Ordinal)
        ? _olderNames.Aggregate(name, (current, names) => current.Replace(names.Old, names.New, StringComparison.Ordinal))
        : name;

    /// <summary>The path of the file of weights in a folder.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="NotSupportedException">The folder keeps the weights in another way.</exception>
    public static string Find(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (File.Exists(path))
        {
            return path;
        }

        if (File.Exists(path + ".index.json"))
        {
            throw new NotSupportedException(
                $"{folder}: keeps its weights in several files ({FileName}.index.json), which is not supported. Save the model again in Python with max_shard_size=\"100GB\".");
        }

        var others =
            Directory.EnumerateFiles(folder, "diffusion_pytorch_model*")
                .Select(file => Path.GetFileName(file))
                .Order(StringComparer.Ordinal)
                .ToList();
        if (others.FirstOrDefault(name => name.EndsWith(".safetensors", StringComparison.Ordinal)) is { } variant)
        {
            throw new NotSupportedException($"{folder}: has no {FileName}, but {variant}. Rename the variant that you mean to {FileName}.");
        }

        throw others.FirstOrDefault(name => name.EndsWith(".bin", StringComparison.Ordinal)) is { } pickle
            ? new NotSupportedException(
                $"{folder}: keeps its weights in {pickle}, a Python pickle, which can run code and is not read. Save the model again in Python with safe_serialization=True.")
            : new FileNotFoundException($"{folder}: has no {FileName}.", path);
    }
}
