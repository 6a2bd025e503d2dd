using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samplers;

namespace Microsoft.ML.Diffusion.Generation;

/// <summary>Cuts what is generated into batches of one size, and tells of their steps those who want to know.</summary>
/// <param name="options">Who wants to know.</param>
/// <param name="model">Whose images they are.</param>
internal sealed class GenerationBatches(GenerationOptions options, DiffusionModel model)
{
    private readonly Lock _turn = new();
    private readonly int _size = options.BatchSizeFor(model);
    private readonly ImageShape _shape = model.Description.Shape;

    /// <summary>
    /// Calls generate with the indices and classes of each batch, the last filled up with its first where the network needs it, when the batch is asked for.
    /// </summary>
    /// <param name="count">The number of all images.</param>
    /// <param name="labels">The class of each image, -1 for none; null for none of any.</param>
    /// <param name="generate">Makes a batch.</param>
    /// <returns>The batches in order, without the images that filled up the last.</returns>
    public IEnumerable<Batch> Generate(int count, IReadOnlyList<int>? labels, Func<int[], IReadOnlyList<int>?, Batch> generate)
    {
        var (batches, atOnce) = (model.Batches(count, _size), options.BatchesAtOnce(model));
        return atOnce > 1 ? InOrder.Select(batches, atOnce, One) : batches.Select(One);

        Batch One(FilledBatch batch)
        {
            var classes = labels is null ? null : Array.ConvertAll(batch.Places, place => labels[place]);
            return generate(batch.Places, classes).Take(batch.Taken);
        }
    }

    /// <summary>Joins batches to one.</summary>
    /// <param name="count">The number of all images.</param>
    /// <param name="batches">The batches.</param>
    public Batch Join(int count, IEnumerable<Batch> batches)
    {
        var (all, first) = (new Batch(count, _shape.PixelCount), 0);
        foreach (var batch in batches)
        {
            batch.Values.CopyTo(all.Values, first * _shape.PixelCount);
            first += batch.Count;
        }

        return all;
    }

    /// <summary>Tells the observer of each step of a run, and of progress by the share of steps done.</summary>
    /// <param name="count">The number of all images.</param>
    /// <param name="steps">The run.</param>
    /// <param name="stepsOfBatch">How many steps a batch takes, repeated ones too.</param>
    /// <returns>What is to be called after each step of a batch of these places. The images that fill up the last batch are not shown.</returns>
    public Func<int[], Action<int, Batch, Batch>> Watch(int count, IReadOnlyList<SamplingStep> steps, int stepsOfBatch)
    {
        var (all, done) = ((count + _size - 1) / _size * stepsOfBatch, 0);
        return places => (step, x, predictedX0) =>
        {
            if (options.Observer is { } observer)
            {
                var taken = Math.Min(_size, count - places[0]);
                Show(observer, new SamplingSnapshot(step, steps, places[0], x.Take(taken), predictedX0.Take(taken), _shape));
            }

            if (options.Progress is { } progress)
            {
                lock (_turn) // so that it never goes back
                {
                    progress.Report((double)++done / all);
                }
            }
        };
    }

    private static void Show(Action<SamplingSnapshot> observer, SamplingSnapshot snapshot)
    {
        try
        {
            observer(snapshot);
        }
        finally
        {
            snapshot.Close();
        }
    }
}
