using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Diffusion.Persistence.ModelFile;

/// <summary>Says so where a model's seeds generate other images than in the library that saved it.</summary>
internal static class StreamsNotice
{
    /// <summary>Writes one line to the log, unless the numbers are those of this library.</summary>
    public static void Tell(IHostEnvironment environment, int? streamsVersion)
    {
        if (Text(streamsVersion) is { } text)
        {
            using var channel = environment.Start("LoadModel");
            channel.Warning(MessageSensitivity.None, text);
        }
    }

    private static string? Text(int? streamsVersion) => streamsVersion switch
    {
        RandomStreams.Version => null,
        > RandomStreams.Version => FormattableString.Invariant(
            $"The model was saved with version {streamsVersion} of the random numbers, but this Microsoft.ML.Diffusion has version {RandomStreams.Version}: a seed generates other images here than there. Update the package to generate those."),
        _ => "The model was saved by an earlier version of Microsoft.ML.Diffusion, which drew its random numbers in another way: a seed generates other images now than then. Nothing else has changed; save the model again to be rid of this line.",
    };
}
