using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samplers;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Generation;

/// <summary>Denoises frames whose class passes from one to another: what the network predicts is mixed, as its classes cannot be.</summary>
internal sealed class ClassPath(DiffusionModel model, ImageGenerator generator, GenerationOptions generation, long seed)
{
    /// <summary>Denoises frames, each with the noise of index 0.</summary>
    /// <param name="start">x for each frame, [N, C, H, W].</param>
    /// <param name="ends">The classes, -1 for none.</param>
    /// <param name="shares">The share of the second class in each frame, in [0, 1].</param>
    /// <param name="steps">The run.</param>
    /// <returns>[N, C, H, W].</returns>
    public Tensor Denoise(
        Tensor start,
        (int A, int B) ends,
        double[] shares,
        IReadOnlyList<SamplingStep> steps) => generator.InBatches(shares.Length, null, (batch, _) =>
    {
        var noise = new PerSampleNoise(seed, Enumerable.Repeat(0L, batch.Length));
        var share = tensor(Array.ConvertAll(batch, i => (float)shares[i]), [batch.Length, 1, 1, 1], device: model.Device);
        var (a, b) = (Labels(ends.A), Labels(ends.B));
        Tensor Labels(int label) => zeros([batch.Length], ScalarType.Int64, model.Device).Add(label);
        Tensor Mixed(Tensor x, double timestep) =>
            (share.Complement() * model.Calls.Predict(x, timestep, a)).Plus(share * model.Calls.Predict(x, timestep, b));

        var denoiser = new Denoiser(Mixed, model.Description.Prediction, generation.Sampler.Clipping, model.Description.Variance);
        return generation.Sampler.Sample(
            denoiser,
            start.index_select(0, tensor(batch, device: start.device)),
            steps,
            noise,
            cancellationToken: generation.CancellationToken);
    });
}
