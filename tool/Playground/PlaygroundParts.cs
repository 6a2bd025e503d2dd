using Diffusion.Tool.Playground.Editing;
using Diffusion.Tool.Playground.Learning;

namespace Diffusion.Tool.Playground;

/// <summary>What a page of models can do.</summary>
internal static class PlaygroundParts
{
    /// <summary>Makes the parts of the tabs.</summary>
    /// <param name="settings">What the command was given.</param>
    /// <param name="models">The models, at least one.</param>
    /// <param name="context">What reads images.</param>
    /// <param name="queue">What computes for all of them, one thing at a time.</param>
    public static IReadOnlyList<IPlaygroundPart> Of(PlaygroundSettings settings, IReadOnlyList<ServedModel> models, MLContext context, WorkQueue queue)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var images = new ImageReader(context);
        return
        [
            new GeneratePart(models, queue),
            new ComparePart(models, queue),
            new WalkPart(models, queue, images),
            new EditPart(models, queue, images, settings.Images is null ? null : new TrainingImages(context, settings.Images)),
            new LearnPart(models, queue, images),
        ];
    }
}
