using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Generation;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samples;

namespace Microsoft.ML.Diffusion.Benchmarks;

/// <summary>How well models/garments.zip gives back garments that it has not seen, encoded by each rule (Song et al. 2021, table 2).</summary>
internal static class InversionTable
{
    private const int Pictures = 16;

    /// <summary>Gets the command line: <c>inversion</c>.</summary>
    public static System.CommandLine.Command Command
    {
        get
        {
            var command =
                new System.CommandLine.Command(
                    "inversion",
                    "Prints reconstruction errors of unseen garments, and the deviation of their latents, by InversionLevel and number of steps, as a Markdown table.");
            command.SetAction(_ => Print([10, 20, 50, 100]));
            return command;
        }
    }

    private static void Print(int[] steps)
    {
        using var model = new MLContext(seed: 1).Model.Load(Path.Combine(AppContext.BaseDirectory, "garments.zip"), out _).GetDiffusion();
        var (images, labels) = Unseen(model);
        Console.WriteLine($"| `InversionLevel` | {string.Join(" | ", steps.Select(count => $"{count} steps"))} |");
        Console.WriteLine($"| --- |{string.Concat(steps.Select(_ => " ---: |"))}");
        foreach (var level in Enum.GetValues<InversionLevel>())
        {
            var options =
                steps.Select(
                    count => new GenerationOptions
                    {
                        Sampler = new DdimSampler(count) { InversionLevel = level },
                        BatchSize = Pictures,
                        Seed = 1,
                    }).ToList();
            Console.WriteLine(
                $"| `{level}`, error | {string.Join(" | ", options.Select(option => model.ReconstructionError(images, option).Average().ToString("F4", null)))} |");
            Console.WriteLine(
                $"| `{level}`, deviation of the latents | {string.Join(" | ", options.Select(option => Deviation(model.Encode(images, option)).ToString("F3", null)))} |");
        }

        // What Encode refuses above 1: the classes known, and guided to both ways.
        foreach (var scale in (double[])[1, 1.5, 3])
        {
            var errors =
                steps.Select(
                    count => Guided(
                        model,
                        images,
                        labels,
                        new GenerationOptions { Sampler = new DdimSampler(count), GuidanceScale = scale, BatchSize = Pictures }));
            Console.WriteLine(
                FormattableString.Invariant(
                    $"| `Lower` with classes, guidance {scale}, error | {string.Join(" | ", errors.Select(error => error.ToString("F4", null)))} |"));
        }
    }

    private static (MLImage[] Images, int[] Labels) Unseen(DiffusionTransformer model)
    {
        var (classes, images, labels) = (model.ClassNames.ToList(), new List<MLImage>(), new List<int>());
        foreach (var garment in FashionMnist.Read(FashionMnist.Unseen).Take(Pictures))
        {
            images.Add(
                MLImage.CreateFromPixels(garment.Image.Width, garment.Image.Height, garment.Image.PixelFormat, garment.Image.Pixels));
            labels.Add(classes.IndexOf(garment.Label));
        }

        return ([.. images], [.. labels]);
    }

    private static double Guided(DiffusionTransformer model, MLImage[] images, int[] labels, GenerationOptions options)
    {
        var generator = new ImageGenerator(model.Model, options, seed: 1);
        var x0 = new ModelInputs(model.Description).Images(images, nameof(images));
        var again = generator.Denoise(generator.Encode(x0, labels), labels);
        return Batch.Quotient(2, (1, again), (-1, x0)).Values.Average(difference => difference * difference);
    }

    private static double Deviation(DiffusionLatents latents)
    {
        var values = latents.Values.ToArray();
        var mean = values.Average();
        return Math.Sqrt(values.Average(value => (double)(value - mean) * (value - mean)));
    }
}
