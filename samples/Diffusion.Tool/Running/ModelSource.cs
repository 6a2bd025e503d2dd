namespace Diffusion.Tool.Running;

/// <summary>A model that was named on the command line.</summary>
internal static class ModelSource
{
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
}
