using System.Runtime.InteropServices;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>Errors that mean that memory has run out, told in words that help.</summary>
internal static class MemoryShortage
{
    /// <summary>Whether an exception, of .NET, this library's engine or libtorch on any device, means it.</summary>
    public static bool IsMeantBy(Exception exception) => exception is OutOfMemoryException || (exception is ExternalException
        && (exception.Message.Contains("out of memory", StringComparison.OrdinalIgnoreCase)
            || exception.Message.Contains("can't allocate memory", StringComparison.Ordinal)));

    /// <summary>Makes what a run needs before its first step.</summary>
    /// <exception cref="InsufficientMemoryException">Memory ran out.</exception>
    public static T Explained<T>(Func<T> make, ComputeDevice device, ModelDescription model, TrainingOptions options)
    {
        try
        {
            return make();
        }
        catch (Exception exception) when (IsMeantBy(exception))
        {
            throw Explain(exception, 0, device, model, options);
        }
    }

    /// <summary>The exception with what to lower.</summary>
    public static InsufficientMemoryException Explain(
        Exception exception,
        int step,
        ComputeDevice device,
        ModelDescription model,
        TrainingOptions options)
    {
        var channels = new OptionName($"{nameof(DiffusionOptions.Network)}.{nameof(UNetOptions.BaseChannels)}");
        return OptionMessages.Of(
            $"Memory ran out on {device} at step {step}. Raise {new OptionName(nameof(TrainingOptions.GradientAccumulationSteps))} (now {options.GradientAccumulationSteps}), which changes no result, or lower {new OptionName(nameof(TrainingOptions.BatchSize))} (now {options.BatchSize}), {channels} (now {model.Network.BaseChannels}) or the size of the images (now {model.Shape.Width}x{model.Shape.Height}). It said: {FirstLine(exception.Message)}",
            message => new InsufficientMemoryException(message, exception));
    }

    private static string FirstLine(string text) => text.Split('\n', 2)[0].Trim();
}
