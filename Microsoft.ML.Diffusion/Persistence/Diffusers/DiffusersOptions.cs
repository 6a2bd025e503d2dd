using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <summary>What a folder of Python's diffusers does not say about a model.</summary>
public sealed record DiffusersOptions
{
    /// <summary>Gets the number of steps that the model generates with when it is not told otherwise.</summary>
    /// <value>
    /// 1..T; <see langword="null"/>, the default, is that of diffusers' pipelines: 50 for DDIM, 1,000 for DDPM. The scheduler's own rule spaces them.
    /// </value>
    public int? NumberOfInferenceSteps { get; init; }

    /// <summary>Gets the names of the model's classes.</summary>
    /// <value>
    /// As many as the network embeds; <see langword="null"/>, the default, takes the names of an export of this library, else numbers them from 0.
    /// </value>
    public IReadOnlyList<string>? ClassNames
    {
        get;
        init => field = EquatableList.Of(value);
    }

    /// <summary>Gets the height in pixels of the images, for a network whose configuration leaves it open.</summary>
    public int? ImageHeight { get; init; }

    /// <summary>Gets the width in pixels of the images, for a network whose configuration leaves it open.</summary>
    public int? ImageWidth { get; init; }

    /// <summary>Gets the name of the column that <see cref="DiffusionTransformer.Transform"/> creates.</summary>
    /// <value>The default is "Generated".</value>
    public string OutputColumnName { get; init; } = "Generated";

    /// <summary>Gets the name of the column of images that the model is saved with.</summary>
    /// <value>The default is "Image".</value>
    public string InputColumnName { get; init; } = "Image";

    /// <summary>Gets the name of a key column that says which class to generate for a row.</summary>
    /// <value><see langword="null"/>, the default, generates without classes.</value>
    public string? LabelColumnName { get; init; }

    /// <summary>Gets the device to generate on: "cpu", "cuda", "cuda:1", or "torch", which is libtorch on the processor, to compare with.</summary>
    /// <value><see langword="null"/>, the default, is CUDA where it is available and the CPU elsewhere.</value>
    public string? Device { get; init; }

    /// <inheritdoc/>
    public override string ToString() => RecordText.Of(this);
}
