using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samplers;

namespace Microsoft.ML.Diffusion;

/// <summary>The images of one batch after one step of their run, given to <see cref="GenerationOptions.Observer"/>.</summary>
/// <remarks>It can be read only until the observer returns: copy what is to stay. Images and values are made when they are asked for.</remarks>
public sealed class SamplingSnapshot
{
    private readonly Batch _sample;
    private readonly Batch _predictedOriginal;
    private readonly ImageShape _shape;
    private readonly Lock _reading = new(); // a thread that the observer has started may read while the run wants to go on
    private bool _closed;

    internal SamplingSnapshot(
        int step,
        IReadOnlyList<SamplingStep> steps,
        int firstImage,
        Batch sample,
        Batch predictedOriginal,
        ImageShape shape)
    {
        (Step, NumberOfSteps, AlphaBar, FirstImage) = (step, steps.Count, steps[step].AlphaBarPrevious, firstImage);
        (_sample, _predictedOriginal, _shape) = (sample, predictedOriginal, shape);
    }

    /// <summary>Gets the step just done, 0..<see cref="NumberOfSteps"/> - 1.</summary>
    public int Step { get; }

    /// <summary>Gets the number of steps of the run.</summary>
    public int NumberOfSteps { get; }

    /// <summary>Gets alpha-bar after the step, the share of the variance that is signal, 0..1; 1 is a finished image.</summary>
    public double AlphaBar { get; }

    /// <summary>Gets the index, among all images of the call, of the first one here.</summary>
    public int FirstImage { get; }

    /// <summary>Gets the number of images of the batch.</summary>
    public int NumberOfImages => Read(_sample, sample => sample.Count);

    /// <summary>Makes images of x after the step, noise and all, clipped to what an image can show.</summary>
    /// <returns>The images, the caller's to dispose.</returns>
    /// <exception cref="ObjectDisposedException">The observer has returned.</exception>
    public MLImage[] GetSampleImages() => Read(_sample, sample => PixelBatches.ToImages(sample, _shape));

    /// <summary>Makes images of the x_0 that the network predicted in the step.</summary>
    /// <returns>The images, the caller's to dispose.</returns>
    /// <exception cref="ObjectDisposedException">The observer has returned.</exception>
    public MLImage[] GetPredictedOriginalImages() =>
        Read(_predictedOriginal, predicted => PixelBatches.ToImages(predicted, _shape));

    /// <summary>Copies x after the step.</summary>
    /// <returns>[N, C, H, W] in that order; an image is in [-1, 1], noise goes beyond.</returns>
    /// <exception cref="ObjectDisposedException">The observer has returned.</exception>
    public float[] GetSample() => Read(_sample, sample => sample.ToSingle());

    /// <summary>Copies the x_0 that the network predicted in the step, from x before it, after clipping.</summary>
    /// <returns>[N, C, H, W] in that order.</returns>
    /// <exception cref="ObjectDisposedException">The observer has returned.</exception>
    public float[] GetPredictedOriginalSample() => Read(_predictedOriginal, predicted => predicted.ToSingle());

    /// <inheritdoc/>
    public override string ToString() =>
        $"Step {Step + 1} of {NumberOfSteps}, images from {FirstImage} on, alpha-bar {AlphaBar.ToString("G4", System.Globalization.CultureInfo.InvariantCulture)}";

    /// <summary>Ends reading, once nobody is at it.</summary>
    internal void Close()
    {
        lock (_reading)
        {
            _closed = true;
        }
    }

    private T Read<T>(Batch values, Func<Batch, T> read)
    {
        lock (_reading)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            return read(values);
        }
    }
}
