using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Samples;

namespace Diffusion.Tool.Running;

/// <summary>What a training leaves beside its model on the way, at every tenth of its budget: a sheet of what it draws by then, and the model by then.</summary>
/// <param name="output">The model's file.</param>
/// <param name="session">Is told if the sheet cannot be written.</param>
internal sealed class Snapshots(string output, Session session) : IDisposable
{
    private const double Every = 0.1;
    /// <summary>Pictures in a row.</summary>
    public const int Pictures = 16;

    private const int SamplerSteps = 10; // what it costs is training time

    private readonly List<MLImage> _rows = [];
    private readonly List<int> _steps = [];

    /// <summary>The sheet: a row for each tenth, of the same noise.</summary>
    public string Sheet => Path.ChangeExtension(output, ".samples.png");

    /// <summary>The model by then; not at the place of the model, where the same command, that goes on with the training, would find it and stop.</summary>
    public string Model => Path.ChangeExtension(output, ".partial.zip");

    /// <summary>The steps after which the sheet's rows were drawn.</summary>
    public IReadOnlyList<int> Steps => _steps;

    /// <summary>Options of a training that leaves them.</summary>
    public DiffusionOptions AddTo(DiffusionOptions options)
    {
        var steps = Math.Min(SamplerSteps, options.Schedule.NumberOfTrainingTimesteps);
        var grid = new SampleGridOptions
        {
            EveryFraction = Every,
            NumberOfImages = Pictures,
            Columns = Pictures,
            Generation = options.Generation with { Sampler = new DpmSolverSampler(steps) },
            Show = Show,
        };
        return options with
        {
            Training = options.Training with { SampleGrid = grid, ModelFile = Model, ModelFileEveryFraction = Every },
        };
    }

    /// <summary>Is shown each row as well: the steps done and the row, as long as the call lasts.</summary>
    public Action<int, MLImage>? Listener { get; init; }

    /// <summary>Deletes the model by then: the finished one is written.</summary>
    public void DeleteModel() => File.Delete(Model);

    /// <inheritdoc/>
    public void Dispose() => _rows.ForEach(row => row.Dispose());

    private void Show(int step, MLImage row)
    {
        Listener?.Invoke(step, row);
        _steps.Add(step);
        _rows.Add(MLImage.CreateFromPixels(row.Width, row.Height, row.PixelFormat, row.Pixels));
        using var sheet = ImageGrid.Create(_rows, columns: 1, padding: 1);
        try
        {
            WholeFile.Write(Sheet, sheet.Save);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            session.Tell($"'{Sheet}' is not written after step {step}, and training goes on without it. {exception.Message}");
        }
    }
}
