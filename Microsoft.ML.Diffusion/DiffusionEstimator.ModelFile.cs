using Microsoft.ML.Diffusion.Data.Columns;
using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Persistence.ModelFile;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Training;

namespace Microsoft.ML.Diffusion;

/// <content>The model of a run, as it is at the end and on its way.</content>
public sealed partial class DiffusionEstimator
{
    private DiffusionTransformer Transformer(Network network, TrainingRun run, TrainingSummary summary) =>
        new(_host, new TrainedModel(new DiffusionModel(run.Model, network), _columns, Saved(run.Generation), summary));

    // Null if no file is kept up to date. A disk that is full for a while ends no run.
    private Action<TrainingSummary>? ModelFileWriter(TrainingRun run, TrainingReporter reporter) =>
        _options.Training.ModelFile is not { } path ? null : summary =>
        {
            try
            {
                using var copy = ReferenceEquals(run.Network.Plan, run.Network.Plan.Trained) ? null : WithoutTraining(run.Network);
                var model = Transformer(copy ?? run.Network, run, summary); // not disposed: the network is the run's
                AtomicFile.Write(path, stream => PipelineFile.Save(_host, model, stream));
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException && !ProgramFault.Is(exception))
            {
                reporter.Warn(
                    $"{new OptionName(nameof(TrainingOptions.ModelFile))} is not written after step {summary.Steps}, and training goes on without it. {exception.Message}");
            }
        };
}
