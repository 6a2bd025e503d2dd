using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Persistence.ModelFile;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samplers;

namespace Microsoft.ML.Diffusion.Persistence.Onnx;

/// <summary>What is said of a model in an ONNX file, as names and texts; lists are JSON.</summary>
internal static class OnnxMetadata
{
    private static readonly JsonSerializerOptions _json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="model">What the model is.</param>
    /// <param name="options">How it generates.</param>
    /// <param name="content">What the file holds.</param>
    public static IEnumerable<(string Key, string Value)> Of(ModelDescription model, GenerationOptions options, OnnxContent content) =>
    [
        ("content", content == OnnxContent.Network ? "network" : "generator"),
        ("image_shape", Json(new[] { model.Shape.Channels, model.Shape.Height, model.Shape.Width })),
        ("class_names", Json(model.ClassNames)),
        ("prediction_type", FileNames.Predictions[model.Prediction]),
        ("variance_type", FileNames.ModelVariances[model.Variance]),
        ("schedule", model.Schedule.ToString()),
        ("alphas_cumprod", Json(model.Schedule.AlphasCumulativeProduct)),
        ("sampler", options.Sampler.ToString()),
        ("timesteps", Json(SamplingStep.Reverse(options.Sampler.Timesteps, model.Schedule).Select(step => step.Timestep))),
        ("guidance_scale", options.GuidanceScale.ToString("R", CultureInfo.InvariantCulture)),
        ("random_streams", RandomStreams.Version.ToString(CultureInfo.InvariantCulture)),
    ];

    private static string Json<T>(T value) => JsonSerializer.Serialize(value, _json);
}
