using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Persistence.ModelFile;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Training;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Diffusion;

/// <content>Room on the disks for what a training leaves.</content>
public sealed partial class DiffusionEstimator
{
    private string TemporaryFolder => ((IHostEnvironmentInternal)_host).TempFilePath ?? Path.GetTempPath();

    // What would be noticed only when hours of training are over. ML.NET's Model.Save writes the weights to the temporary folder first.
    private void CheckSpace(UNetPlan plan, bool isResumed, IChannel channel)
    {
        var weights = WeightFiles.LargestBytes(plan);
        if (TemporaryFile.Shortage(TemporaryFolder, weights) is { } reason)
        {
            OptionText problem =
                $"The folder for temporary files '{TemporaryFolder}' cannot take this model's weights ({reason}), but mlContext.Model.Save needs it to";
            OptionText fix =
                $"Set {new OptionName("MLContext.TempFilePath")}, or the environment variable TMPDIR (TMP on Windows), to another folder";
            if (_options.Training.CheckpointDirectory is null)
            {
                throw OptionMessages.Of(
                    $"{problem}, and a model that cannot be saved is lost. {fix}; or set {new OptionName(nameof(TrainingOptions.CheckpointDirectory))}, from which Fit gives the model again, and save it by mlContext.Diffusion.SaveModel, which uses no temporary files.",
                    message => new IOException(message));
            }

            channel.Warning(
                MessageSensitivity.None,
                $"{problem}. {fix}, or save by mlContext.Diffusion.SaveModel, which uses no temporary files.");
        }

        if (!isResumed
            && _options.Training.CheckpointDirectory is { } directory
            && TemporaryFile.Shortage(directory, RunCheckpoints.OptimizerBytes(NetworkWeights.LengthFor(plan))) is { } shortage)
        {
            throw OptionMessages.Of(
                $"{new OptionName(nameof(TrainingOptions.CheckpointDirectory))} '{directory}' cannot take a checkpoint ({shortage}). Name a folder with more room.",
                message => new InvalidOperationException(message));
        }
    }
}
