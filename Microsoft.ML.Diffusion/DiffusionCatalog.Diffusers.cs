using Microsoft.ML.Diffusion.Persistence.Diffusers;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Diffusion;

/// <content>Models to and from Python's diffusers.</content>
public sealed partial class DiffusionCatalog
{
    /// <summary>Loads an unconditional or class-conditional model that Python's diffusers has saved: a UNet2DModel with a DDPM or DDIM scheduler.</summary>
    /// <param name="folder">
    /// A folder of a DDPMPipeline or DDIMPipeline, or of the network alone: config.json, diffusion_pytorch_model.safetensors and, beside them,
    /// scheduler_config.json.
    /// Without the last the scheduler is diffusers' DDPMScheduler with its defaults.
    /// </param>
    /// <param name="options">What the folder does not say; <see langword="null"/> uses the defaults.</param>
    /// <returns>The model, as if it had been trained here. Dispose it to free its weights.</returns>
    /// <exception cref="NotSupportedException">The model has something that the library has not; the message names the key. Nothing is ignored.</exception>
    /// <exception cref="FormatException">A file is damaged, or the weights are not those of the configuration.</exception>
    /// <exception cref="IOException">The folder or a file is missing or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Its permissions forbid it.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its range.</exception>
    /// <exception cref="DllNotFoundException">libtorch cannot be loaded; the message says what is missing.</exception>
    /// <example>See <c>docs/interop.md</c>.</example>
    public DiffusionTransformer LoadDiffusers(string folder, DiffusersOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return new DiffusionTransformer(_host, DiffusersImport.Load(_host, folder, options ?? new()));
    }

    /// <summary>Says what a folder of Python's diffusers holds, as <see cref="LoadDiffusers"/> would load it, without loading the weights.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="options">What the folder does not say; <see langword="null"/> uses the defaults.</param>
    /// <returns>What the model is, and what the header of the file of weights says of them.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The options lack something that the folder does not say.</exception>
    /// <inheritdoc cref="LoadDiffusers" path="/exception[@cref!='T:System.ArgumentOutOfRangeException']"/>
    public DiffusersFolderInfo InspectDiffusers(string folder, DiffusersOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        using var channel = _host.Start(nameof(InspectDiffusers));
        return DiffusersImport.Inspect(folder, options ?? new());
    }

    /// <summary>Saves a model as a folder that Python's diffusers opens: <c>DDPMPipeline.from_pretrained(folder)</c>, or DDIMPipeline.</summary>
    /// <param name="model">The model.</param>
    /// <param name="folder">The folder to create; it must not exist, or be empty. It appears whole or not at all.</param>
    /// <param name="sampler">The sampler to describe as diffusers' scheduler; <see langword="null"/> is the model's own.</param>
    /// <exception cref="NotSupportedException">diffusers cannot express the model; the message names the option.</exception>
    /// <exception cref="ArgumentException">The folder holds something.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="sampler"/> does not fit the model.</exception>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">Its permissions forbid it.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <example>See <c>docs/interop.md</c>.</example>
    public void SaveDiffusers(DiffusionTransformer model, string folder, Sampler? sampler = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var generation = sampler is null ? model.Generation : model.Generation with { Sampler = sampler };
        generation.ValidateFor(model.Schedule, model.Variance);
        DiffusersExport.Save(model.Model, generation.Sampler, folder);
        using var channel = _host.Start("SaveDiffusers");
        channel.Info(MessageSensitivity.None, $"Saved for diffusers in {folder}: {model}.");
    }
}
