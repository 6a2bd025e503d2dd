using System.Runtime.InteropServices;

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
        return new(
            $"Memory ran out on {run.Device} at step {step}. Raise GradientAccumulationSteps (now {options.GradientAccumulationSteps}), which changes no result, or lower BatchSize (now {options.BatchSize}), " +
            $"Network.BaseChannels (now {run.Model.Network.BaseChannels}) or the size of the images (now {run.Model.Shape.Width}x{run.Model.Shape.Height}). libtorch says: {FirstLine(exception.Message)}",
            exception);
    }

    private static string FirstLine(string text) => text.Split('\n', 2)[0].Trim();
}
