using System.Text.Json;
using Microsoft.ML;
using Microsoft.ML.Diffusion;
using Microsoft.ML.Diffusion.Samples;

namespace Browser;

/// <summary>What is of this model and of this page: <c>generator.onnx</c>, <c>model.json</c> and the files of <c>site/</c>.</summary>
public sealed class Site(MLContext mlContext, Artifacts artifacts)
{
    private static readonly JsonSerializerOptions _json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Writes them.</summary>
    /// <param name="model">The model that visitors use.</param>
    /// <param name="sampler">How its images are generated; its steps are in the file.</param>
    public void Write(DiffusionTransformer model, Sampler sampler)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(sampler);
        var options = model.Generation with { Sampler = sampler };
        artifacts.Save("generator.onnx", path => mlContext.Diffusion.SaveOnnx(model, path, OnnxContent.Generator, options), $"{model.ClassNames.Count} classes, {sampler}");
        artifacts.Save("model.json", path => File.WriteAllText(path, JsonSerializer.Serialize(Facts(model, sampler), _json)), "what the page must know of it");
        foreach (var file in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "site")))
        {
            WholeFile.Write(artifacts.PathOf(Path.GetFileName(file)), path => File.Copy(file, path));
        }
    }

    private static object Facts(DiffusionTransformer model, Sampler sampler) => new
    {
        Channels = model.Channels,
        Height = model.ImageHeight,
        Width = model.ImageWidth,
        Classes = model.ClassNames,
        Guidance = model.Generation.GuidanceScale,
        Steps = sampler.Timesteps.NumberOfInferenceSteps,
    };
}
