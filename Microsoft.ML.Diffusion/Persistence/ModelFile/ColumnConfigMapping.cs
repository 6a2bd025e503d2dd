using Microsoft.ML.Diffusion.Data.Columns;
using Microsoft.ML.Diffusion.Data.Rows;
using Microsoft.ML.Diffusion.Model;

namespace Microsoft.ML.Diffusion.Persistence.ModelFile;

/// <summary>The columns of a model to and from their record in config.json.</summary>
internal static class ColumnConfigMapping
{
    public static ColumnConfig ToConfig(TransformerColumns columns) =>
        new(
            columns.Output,
            columns.Input,
            columns.Label,
            columns.Seed,
            columns.Pixels.Offset,
            columns.Pixels.Scale,
            ToConfig(columns.Others));

    /// <param name="config">The record.</param>
    /// <param name="model">What computes the columns.</param>
    /// <param name="sampler">How the model generates, and so encodes if nothing else is said.</param>
    /// <exception cref="FormatException">A value is impossible.</exception>
    public static TransformerColumns ToColumns(
        ColumnConfig config,
        ModelDescription model,
        SamplerConfig sampler) => ModelConfigMapping.Decode(() =>
    {
        if (!float.IsFinite(config.PixelOffset) || !float.IsFinite(config.PixelScale) || config.PixelScale == 0)
        {
            throw new FormatException("pixel_offset and pixel_scale must be numbers, and pixel_scale not 0.");
        }

        var others = config.Others is { } outputs ? AsThen(ToOptions(outputs, model), model, sampler) : new OutputColumnOptions();
        others.ValidateFor(model.Schedule);
        var columns =
            new TransformerColumns(
                config.Output,
                config.Input,
                config.Label,
                config.Seed,
                others,
                new PixelEncoding(config.PixelOffset, config.PixelScale));
        columns.Validate();
        return columns;
    });

    // A file from before there was a choice: what steps behind the model have learned from its columns must stay what it was.
    private static OutputColumnOptions AsThen(
        OutputColumnOptions options,
        ModelDescription model,
        SamplerConfig sampler) => sampler.Inversion is null && options.EncodingSampler is null && options.Encodes
        ? options with
        {
            EncodingSampler = options.EncodingSamplerOf(
            model.Schedule,
            SamplerConfigMapping.ToOptions(sampler, model)) with
            { InversionLevel = InversionLevel.Upper }
        }
        : options;

    private static OutputColumnConfig? ToConfig(OutputColumnOptions options) => options == new OutputColumnOptions() ? null : new(
        options.GeneratedPixels,
        options.Reconstructed,
        options.ReconstructedPixels,
        options.Latent,
        options.BitsPerDimension,
        options.ReconstructionError,
        options.LatentKind == LatentKind.Noise ? "noise" : "bottleneck",
        options.LatentTimestep,
        options.EncodingSampler is { } sampler ? SamplerConfigMapping.ToConfig(new GenerationOptions { Sampler = sampler }) : null,
        options.NumberOfLikelihoodTimesteps);

    private static OutputColumnOptions ToOptions(OutputColumnConfig config, ModelDescription model) => new()
    {
        GeneratedPixels = config.GeneratedPixels,
        Reconstructed = config.Reconstructed,
        ReconstructedPixels = config.ReconstructedPixels,
        Latent = config.Latent,
        BitsPerDimension = config.BitsPerDimension,
        ReconstructionError = config.ReconstructionError,
        LatentKind = config.LatentKind switch
        {
            "noise" => LatentKind.Noise,
            "bottleneck" => LatentKind.Bottleneck,
            var other => throw new FormatException($"the latent kind '{other}' is not known."),
        },
        LatentTimestep = config.LatentTimestep,
        EncodingSampler = config.EncodingSampler is { } sampler
            ? SamplerConfigMapping.ToOptions(sampler, model, InversionLevel.Upper).Sampler as DdimSampler
                ?? throw new FormatException($"the encoding sampler '{sampler.Name}' is not ddim.")
            : null,
        NumberOfLikelihoodTimesteps = config.NumberOfLikelihoodTimesteps,
    };
}
