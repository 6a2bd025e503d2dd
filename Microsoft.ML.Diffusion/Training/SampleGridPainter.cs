using Microsoft.ML.Diffusion.Generation;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>Generates images with a network that is being trained.</summary>
internal sealed class SampleGridPainter(TrainingRun run, SampleGridOptions options, RunCancellation cancellation)
{
    private readonly GenerationOptions _generation =
        (options.Generation ?? run.Generation).For(run.Model.Schedule) with
        {
            Progress = new CancellationCheck(cancellation),
            CancellationToken = cancellation.Token,
        };

    /// <summary>Generates a grid with the weights as they are, and shows it.</summary>
    public void Show(int step)
    {
        var model = new DiffusionModel(run.Model, run.Network); // not disposed: the network is the run's
        var generator = new ImageGenerator(model, _generation, _generation.Seed ?? run.Seed);
        var images = generator.Images(generator.Numbers(options.NumberOfImages), Labels(generator));
        try
        {
            using var grid = ImageGrid.Create(images, options.ColumnsOrSquare);
            options.Show(step, grid);
        }
        finally
        {
            Array.ForEach(images, image => image.Dispose());
        }
    }

    private IReadOnlyList<int>? Labels(ImageGenerator generator) =>
        options.Labels
            ?? (run.Model.NumberOfClasses > 0
                ? [.. generator.Numbers(options.NumberOfImages).Select(number => (int)(number % run.Model.NumberOfClasses))]
                : null);

    private sealed class CancellationCheck(RunCancellation cancellation) : IProgress<double>
    {
        public void Report(double value) => cancellation.ThrowIfRequested();
    }
}
