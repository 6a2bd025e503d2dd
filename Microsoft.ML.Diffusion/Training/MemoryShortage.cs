using System.Runtime.InteropServices;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>Errors that mean that memory has run out, told in words that help.</summary>
internal static class MemoryShortage
{
    /// <summary>Whether an exception, of libtorch on any device or of .NET, means it.</summary>
    public static bool IsMeantBy(Exception exception) => exception is OutOfMemoryException || (exception is ExternalException
        && (exception.Message.Contains("out of memory", StringComparison.OrdinalIgnoreCase)
            || exception.Message.Contains("can't allocate memory", StringComparison.Ordinal)));

    public static InsufficientMemoryException Explain(Exception exception, int step, TrainingRun run)
    {
        var options = run.Options;
        var channels = new OptionName($"{nameof(DiffusionOptions.Network)}.{nameof(UNetOptions.BaseChannels)}");
        return OptionMessages.Of(
            $"Memory ran out on {run.Device} at step {step}. Raise {new OptionName(nameof(TrainingOptions.GradientAccumulationSteps))} (now {options.GradientAccumulationSteps}), which changes no result, or lower {new OptionName(nameof(TrainingOptions.BatchSize))} (now {options.BatchSize}), {channels} (now {run.Model.Network.BaseChannels}) or the size of the images (now {run.Model.Shape.Width}x{run.Model.Shape.Height}). It said: {FirstLine(exception.Message)}",
            message => new InsufficientMemoryException(message, exception));
    }

    private static string FirstLine(string text) => text.Split('\n', 2)[0].Trim();
}
