using System.Text.Json;

namespace Diffusion.Tool.Running;

/// <summary>A model that was named on the command line.</summary>
internal static class ModelSource
{
    private const int MostConfigBytes = 1 << 20;

    /// <summary>Loads a model zip, or a folder of Python's diffusers, after checking it.</summary>
    /// <param name="context">The context.</param>
    /// <param name="path">The zip or folder.</param>
    /// <param name="device">Where it is to run; <see langword="null"/> is the best there is.</param>
    /// <returns>The model, the caller's to dispose.</returns>
    public static DiffusionTransformer Load(MLContext context, string path, string? device)
    {
        if (Directory.Exists(path))
        {
            return context.Diffusion.LoadDiffusers(path, new DiffusersOptions { Device = device });
        }

        CheckExists(path);
        var model = context.Diffusion.LoadModel(path, out _).GetDiffusion();
        return device is null ? model : model.ToDevice(device);
    }

    /// <summary>Checks that there is something at all.</summary>
    public static void CheckExists(string path)
    {
        if (!File.Exists(path) && !Directory.Exists(path))
        {
            throw new ToolException($"There is no file and no folder '{path}'.");
        }
    }

    /// <summary>Tells a folder of Python's diffusers from one of pictures, in which a config.json may be about anything.</summary>
    public static bool IsDiffusers(string folder)
    {
        var config = Path.Combine(folder, "config.json");
        return File.Exists(Path.Combine(folder, "model_index.json"))
            || File.Exists(Path.Combine(folder, "unet", "config.json"))
            || (File.Exists(config) && (Directory.EnumerateFiles(folder, "diffusion_pytorch_model*").Any() || NamesClass(config)));
    }

    private static bool NamesClass(string config)
    {
        using var file = File.OpenRead(config);
        if (file.Length > MostConfigBytes)
        {
            return false;
        }

        try
        {
            using var document = JsonDocument.Parse(file);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("_class_name", out _);
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
