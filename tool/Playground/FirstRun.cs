namespace Diffusion.Tool.Playground;

/// <summary>The first run of a process, which finds nothing compiled: it should not be one that somebody waits for.</summary>
internal static class FirstRun
{
    /// <summary>Takes one step of each model, and looks at it, while the page is being opened.</summary>
    /// <param name="models">The models.</param>
    /// <param name="queue">Where it waits for its turn as others do.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task TakeAsync(IReadOnlyList<ServedModel> models, WorkQueue queue, CancellationToken cancellationToken)
    {
        foreach (var model in models)
        {
            await queue.RunAsync(token => Take(new ImageRun(model, model.Transformer.Generation, Class: null, Count: 1), token), cancellationToken);
        }
    }

    private static int Take(ImageRun run, CancellationToken token)
    {
        var oneStep = run with { Options = run.Options with { Sampler = new DdimSampler(1), Seed = 0 } };
        return Png.Take(oneStep.Generate(snapshot => Png.Take(snapshot.GetSampleImages()), token)).Length;
    }
}
