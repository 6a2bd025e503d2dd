using Diffusion.Tool.Playground.Editing;
using Diffusion.Tool.Playground.Learning;

namespace Diffusion.Tool.Playground;

/// <summary>What a page of models can do.</summary>
internal static class PlaygroundParts
{
    /// <summary>Makes the parts of the tabs.</summary>
    /// <param name="settings">What the command was given.</param>
    /// <param name="models">The models, at least one.</param>
    /// <param name="queue">What computes for all of them, one thing at a time.</param>
    public static IReadOnlyList<IPlaygroundPart> Of(PlaygroundSettings settings, IReadOnlyList<ServedModel> models, WorkQueue queue)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(models);
        ArgumentNullException.ThrowIfNull(queue);
        return [new EditPart(models, queue, settings.Images), new LearnPart(models, queue)];
    }
}
