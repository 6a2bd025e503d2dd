using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>
/// What a training step draws for its batch: noise, timesteps, flips, augmentation, dropped labels. Each image's follow from its number alone.
/// </summary>
/// <param name="seed">The run's.</param>
/// <param name="firstSample">The number of the batch's first image among all that the run shows: step x BatchSize.</param>
/// <param name="trainingTimesteps">T.</param>
/// <param name="options">What there is to draw.</param>
/// <param name="places">The places in the batch of the images at hand, of a process that has some of them; null where it has all.</param>
internal sealed class StepDraws(long seed, long firstSample, int trainingTimesteps, TrainingOptions options, int[]? places = null)
{
    /// <summary>Standard normal noise of an image.</summary>
    /// <param name="image">Its number among those at hand.</param>
    /// <param name="noise">[C][H][W], to be written.</param>
    public void Noise(int image, Span<float> noise) =>
        new RandomNumbers(RandomStream.TrainingNoise, seed).Normals(Sample(image), 0, noise);

    /// <summary>One timestep for each image of the batch, whoever has them.</summary>
    /// <param name="count">Number of images.</param>
    /// <param name="probabilities">Probability of each timestep; null draws uniformly on 0..T-1.</param>
    public int[] Timesteps(int count, double[]? probabilities = null)
    {
        var cumulative = probabilities is null ? null : Cumulative(probabilities);
        var numbers = new RandomNumbers(RandomStream.TrainingTimesteps, seed);
        var timesteps = new int[count];
        for (var i = 0; i < count; i++)
        {
            var uniform = numbers.Uniform(firstSample + i);
            timesteps[i] = cumulative is null ? (int)(uniform * trainingTimesteps) : Find(cumulative, uniform * cumulative[^1]);
        }

        return timesteps;
    }

    /// <summary>One of some timesteps for each image, all as likely.</summary>
    /// <param name="count">Number of images.</param>
    /// <param name="choice">The timesteps, at least one.</param>
    public int[] Timesteps(int count, IReadOnlyList<int> choice)
    {
        var numbers = new RandomNumbers(RandomStream.TrainingTimesteps, seed);
        return [.. Enumerable.Range(0, count).Select(i => choice[(int)(numbers.Uniform(firstSample + i) * choice.Count)])];
    }

    /// <summary>Mirrors about half of the images, [N][C][H][W], left to right, if the options say so.</summary>
    public void Flip(Span<float> images, ImageShape shape)
    {
        if (!options.FlipHorizontally)
        {
            return;
        }

        var numbers = new RandomNumbers(RandomStream.Flips, seed);
        for (var i = 0; i < images.Length / shape.PixelCount; i++)
        {
            if (numbers.Uniform(Sample(i)) < 0.5)
            {
                Mirror(images.Slice(i * shape.PixelCount, shape.PixelCount), shape.Width);
            }
        }
    }

    /// <summary>Augments the images of a batch, [N][C][H][W], if the options say so.</summary>
    /// <returns>What the network is told of it, [N][<see cref="Augmentation.Length"/>]; null where nothing may be done.</returns>
    public float[]? Augment(float[] images, ImageShape shape)
    {
        if (options.Augmentation is not { } augmentation)
        {
            return null;
        }

        var numbers = new RandomNumbers(RandomStream.Augmentation, seed);
        var told = new float[images.Length / shape.PixelCount * Augmentation.Length];
        HostThreads.ForEach(images.Length / shape.PixelCount, shape.PixelCount, image =>
        {
            var drawn = Augmentation.Draw(augmentation, shape, numbers, Sample(image));
            drawn.Apply(images.AsSpan(image * shape.PixelCount, shape.PixelCount), shape);
            drawn.Tell(told.AsSpan(image * Augmentation.Length, Augmentation.Length));
        });
        return told;
    }

    /// <summary>The labels of a batch, -1 where the image is shown without.</summary>
    public int[] Labels(int[] indices, IReadOnlyList<int> all)
    {
        var numbers = new RandomNumbers(RandomStream.LabelDropout, seed);
        return [.. indices.Select((index, i) => numbers.Uniform(Sample(i)) < options.LabelDropout ? -1 : all[index])];
    }

    private long Sample(int image) => firstSample + (places is null ? image : places[image]);

    private static void Mirror(Span<float> image, int width)
    {
        for (var first = 0; first < image.Length; first += width)
        {
            image.Slice(first, width).Reverse();
        }
    }

    private static double[] Cumulative(double[] probabilities)
    {
        var sum = 0.0;
        return Array.ConvertAll(probabilities, probability => sum += probability);
    }

    // The first entry above the value.
    private static int Find(double[] cumulative, double value)
    {
        var index = Array.BinarySearch(cumulative, value);
        return Math.Min(index >= 0 ? index + 1 : ~index, cumulative.Length - 1);
    }
}
