using Microsoft.ML.Diffusion.Persistence.Onnx;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Diffusion;

/// <content>Models to ONNX.</content>
public sealed partial class DiffusionCatalog
{
    /// <summary>Saves a model as an ONNX file, for ONNX Runtime in any language and in browsers, and for ML.NET's <c>ApplyOnnxModel</c>.</summary>
    /// <param name="model">The model.</param>
    /// <param name="path">Where, in a folder that exists. A file that is there is replaced once the new one is on the disk.</param>
    /// <param name="content">The network alone, or with a sampler around it.</param>
    /// <param name="options">
    /// How a <see cref="OnnxContent.Generator"/> generates: its sampler, and how guidance is rescaled and limited to noise levels; its
    /// <see cref="GenerationOptions.GuidanceScale"/> is said in the file, and given to each run. <see langword="null"/> takes the model's own.
    /// </param>
    /// <remarks>
    /// <para>
    /// A <see cref="OnnxContent.Network"/> maps <c>sample</c> [batch_size, C, H, W], <c>timestep</c> [batch_size or 1], which need not be whole, and
    /// <c>class_labels</c>, int64 [batch_size] with -1 for none, to <c>out_sample</c> [batch_size, C, H, W], of 2C channels if the model has learned a variance.
    /// </para>
    /// <para>
    /// A <see cref="OnnxContent.Generator"/> maps <c>noise</c> [batch_size, C, H, W], standard normal, <c>class_labels</c>, <c>guidance_scale</c>, one number, and
    /// for a sampler that draws, <c>step_noise</c> [draws, batch_size, C, H, W], to <c>images</c> [batch_size, C, H, W] in [-1, 1].
    /// </para>
    /// <para>
    /// All other numbers are of single precision. A model without classes has neither <c>class_labels</c> nor <c>guidance_scale</c>.
    /// </para>
    /// </remarks>
    /// <exception cref="NotSupportedException">
    /// The file would be larger than 2 GiB, the most that ONNX allows, or the sampler is more than a combination of images; an old file is unchanged.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="content"/> is not one of the values, or the options do not fit the model.</exception>
    /// <exception cref="IOException">The disk is full, or the folder is missing or cannot be written to; an old file is unchanged.</exception>
    /// <exception cref="UnauthorizedAccessException">Permissions forbid it, or the old file is read-only; it is unchanged.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <example>See <c>docs/interop.md</c>.</example>
    public void SaveOnnx(DiffusionTransformer model, string path, OnnxContent content, GenerationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!Enum.IsDefined(content))
        {
            throw new ArgumentOutOfRangeException(nameof(content), content, "content must be Network or Generator.");
        }

        options = (options ?? model.Generation).For(model.Schedule);
        options.ValidateFor(model.Schedule, model.Variance);
        OnnxExport.Save(model.Model, path, content, options);
        using var channel = _host.Start("SaveOnnx");
        channel.Info(MessageSensitivity.None, $"Saved as ONNX in {path}: {model}.");
    }
}
