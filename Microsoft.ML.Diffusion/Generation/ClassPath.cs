using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samplers;
using Microsoft.ML.Diffusion.Schedules;

namespace Microsoft.ML.Diffusion.Generation;

/// <summary>Denoises frames whose class passes from one to another: what the network predicts is mixed, as its classes cannot be.</summary>
internal sealed class ClassPath(DiffusionModel model, ImageGenerator generator, GenerationOptions generation, long seed)
{
    /// <summary>Denoises frames, each with the noise of index 0.</summary>
    /// <param name="start">x for each frame.</param>
    /// <param name="ends">The classes, -1 for none.</param>
    /// <param name="shares">The share of the second class in each frame, in [0, 1].</param>
    /// <param name="steps">The run.</param>
    /// <returns>The images of the frames.</returns>
    public Batch Denoise(
        Batch start,
        (int A, int B) ends,
        double[] shares,
        IReadOnlyList<SamplingStep> steps) => generator.InBatches(shares.Length, null, (batch, _) =>
    {
        var noise = new PerSampleNoise(seed, Enumerable.Repeat(0L, batch.Length));
        var share = Array.ConvertAll(batch, i => shares[i]);
        var (a, b) = (Labels(ends.A), Labels(ends.B));
        int[] Labels(int label) => [.. Enumerable.Repeat(label, batch.Length)];
        Batch Mixed(Batch x, double timestep) => Batch.Sum(
            (1, model.Calls.Predict(x, timestep, a).Times(Array.ConvertAll(share, ofB => 1 - ofB))),
            (1, model.Calls.Predict(x, timestep, b).Times(share)));

        var denoiser = new Denoiser(Mixed, model.Description.Prediction, generation.Sampler.Clipping, model.Description.Variance)
        {
            Levels = new Lazy<LevelTable>(() => new LevelTable(model.Description.Schedule)),
        };
        return generation.Sampler.Sample(
            denoiser,
            start.Select(batch),
            steps,
            noise,
            cancellationToken: generation.CancellationToken);
    });
}
