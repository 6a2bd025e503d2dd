namespace Diffusion.Tool.Playground;

/// <summary>A model that pages play with.</summary>
/// <param name="Source">The zip or folder, as it was typed.</param>
/// <param name="Transformer">The model, the command's to dispose.</param>
internal sealed record ServedModel(string Source, DiffusionTransformer Transformer)
{
    /// <summary>Gets what a page calls it.</summary>
    public string Name { get; } = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(Source)));

    /// <summary>What a page has to know of it.</summary>
    public object About() => new
    {
        Name,
        Width = Transformer.ImageWidth,
        Height = Transformer.ImageHeight,
        Transformer.Channels,
        Classes = Transformer.ClassNames,
        Timesteps = Transformer.Schedule.NumberOfTrainingTimesteps,
        Parameters = Transformer.NumberOfParameters,
        Prediction = Transformer.Prediction.ToString(),
        Guidance = Transformer.Generation.GuidanceScale,
        Sampler = PlaygroundSamplers.NameOf(Transformer),
        Own = Transformer.Generation.Sampler.ToString(),
        Steps = Transformer.Generation.Sampler.Timesteps.NumberOfInferenceSteps,
        Eta = (Transformer.Generation.Sampler as DdimSampler)?.Eta ?? 0,
        Transformer.Device,
    };
}
