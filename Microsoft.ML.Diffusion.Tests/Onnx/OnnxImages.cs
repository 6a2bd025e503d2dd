using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Generation;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.OnnxRuntime;

namespace Microsoft.ML.Diffusion.Tests.Onnx;

/// <summary>Images of a model's ONNX file, beside the library's of the same seed.</summary>
/// <param name="Unequal">The share of pixels that differ.</param>
/// <param name="Levels">By how many of 256 levels at most.</param>
internal sealed record OnnxImages(double Unequal, int Levels)
{
    private const long Seed = 6;

    /// <summary>Whether they are the same but for rounding.</summary>
    public bool AreEqual => Unequal <= 0.005 && Levels <= 1;

    /// <summary>Generates images, of every class in turn and of none.</summary>
    public static OnnxImages Compare(DiffusionModel model, GenerationOptions options, int count)
    {
        options = options.For(model.Description.Schedule);
        var classes = model.Description.NumberOfClasses;
        int[]? labels = classes > 0 ? [.. Enumerable.Range(0, count).Select(i => ((i + 1) % (classes + 1)) - 1)] : null;
        long[] samples = [.. Enumerable.Range(0, count)];
        var expected = OfLibrary(model, options, samples, labels);

        using var session = OnnxComparison.Open(OnnxComparison.Write(model.Description, model.Weights(), OnnxContent.Generator, options));
        var actual = Generate(session, model.Description, samples, labels, options.GuidanceScale);
        return Between(expected, actual);
    }

    /// <summary>The difference between planes.</summary>
    public static OnnxImages Between(byte[][] expected, byte[][] actual)
    {
        Assert.HasCount(expected.Length, actual);
        var differences = expected.Zip(actual, (x, y) => x.Zip(y, (a, b) => Math.Abs(a - b))).SelectMany(levels => levels).ToList();
        return new(differences.Count(levels => levels > 0) / (double)differences.Count, differences.Max());
    }

    /// <summary>The library's planes of images.</summary>
    public static byte[][] OfLibrary(DiffusionModel model, GenerationOptions options, long[] samples, int[]? labels) =>
        new ImageGenerator(model, options, Seed).Pixels(samples, labels);

    /// <summary>The noise that images start from.</summary>
    public static float[] Start(long[] samples, ImageShape shape) => Noise(RandomStream.StartOfSample, samples, 1, shape);

    /// <summary>The noise that images are given on their way.</summary>
    public static float[] Steps(long[] samples, int draws, ImageShape shape) => Noise(RandomStream.StepOfSample, samples, draws, shape);

    /// <summary>The rounding that is documented.</summary>
    public static byte[] ToBytes(float[] values) => Array.ConvertAll(values, value => (byte)MathF.Round((value + 1) * 127.5f));

    /// <summary>The planes of images, from the noise that the library gives to their numbers.</summary>
    public static byte[][] Generate(
        InferenceSession session,
        ModelDescription model,
        long[] samples,
        int[]? labels,
        double guidanceScale)
    {
        var (count, shape) = (samples.Length, model.Shape);
        int[] sides = [count, shape.Channels, shape.Height, shape.Width];
        List<NamedOnnxValue> given =
        [
            NamedOnnxValue.CreateFromTensor("noise", OnnxComparison.Tensor(Start(samples, shape), sides)),
        ];
        if (labels is not null)
        {
            given.Add(NamedOnnxValue.CreateFromTensor("class_labels", OnnxComparison.Tensor(Array.ConvertAll(labels, label => (long)label), count)));
            given.Add(NamedOnnxValue.CreateFromTensor("guidance_scale", OnnxComparison.Tensor([(float)guidanceScale])));
        }

        if (session.InputMetadata.TryGetValue("step_noise", out var drawn))
        {
            var draws = drawn.Dimensions[0];
            given.Add(NamedOnnxValue.CreateFromTensor(
                "step_noise",
                OnnxComparison.Tensor(Steps(samples, draws, shape), [draws, .. sides])));
        }

        using var results = session.Run(given);
        Assert.AreEqual("images", results.Single().Name);
        return [.. results.Single().AsEnumerable<float>().Chunk(shape.PixelCount).Select(ToBytes)];
    }

    private static float[] Noise(RandomStream stream, long[] samples, int draws, ImageShape shape)
    {
        var source = new PerSampleNoise(Seed, samples, stream);
        return [.. Enumerable.Range(0, draws).SelectMany(_ => source.Next(samples.Length, shape.PixelCount).ToSingle())];
    }
}
