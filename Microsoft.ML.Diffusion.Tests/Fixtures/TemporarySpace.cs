namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>A process that cannot write to its folder for temporary files.</summary>
internal static class TemporarySpace
{
    /// <summary>Trains with checkpoints, saves, loads and generates, and prints the digest of the images before and after.</summary>
    public static void Run(string folder)
    {
        var mlContext = new MLContext(seed: 3);
        var file = Path.Combine(folder, "model.zip");
        var training = TinyModel.Options.Training with { CheckpointDirectory = Path.Combine(folder, "checkpoints") };
        using var model = TinyModel.Train(TinyModel.Options with { Training = training }, mlContext);
        mlContext.Diffusion.SaveModel(model, Pictures.Rows(mlContext).Schema, file);
        using var loaded = mlContext.Diffusion.LoadDiffusionModel(file);
        Console.WriteLine($"{Pictures.Digest(model.Generate(2))} {Pictures.Digest(loaded.Generate(2))}");
    }
}
