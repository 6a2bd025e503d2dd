using System.Globalization;
using System.Text;

namespace Diffusion.Tool.Playground;

/// <summary>A program that generates the images of a page.</summary>
internal static class CSharpCode
{
    /// <summary>Writes it.</summary>
    public static string Of(ImageRun run)
    {
        var (served, options) = (run.Served, run.Options);
        var load = Directory.Exists(served.Source) ? "LoadDiffusers" : "LoadDiffusionModel";
        var what = run.Class is not { } label ? Number(run.Count)
            : run.Count == 1 ? $"[{Text(served.Transformer.ClassNames[label])}]"
            : $"Enumerable.Repeat({Text(served.Transformer.ClassNames[label])}, {run.Count})";
        string?[] changes =
        [
            options.Sampler == served.Transformer.Generation.Sampler ? null : $"Sampler = {SamplerOf(served, options.Sampler)}",
            $"Seed = {Number(options.Seed!.Value)}",
            options.GuidanceScale == served.Transformer.Generation.GuidanceScale ? null : $"GuidanceScale = {Number(options.GuidanceScale)}",
        ];
        return $$"""
            using Microsoft.ML;
            using Microsoft.ML.Diffusion;

            var mlContext = new MLContext();
            using var model = mlContext.Diffusion.{{load}}({{Text(served.Source)}});
            var images = model.Generate({{what}}, model.Generation with
            {
                {{string.Join(",\n    ", changes.OfType<string>())}},
            });
            images.SaveImages("images");

            """.ReplaceLineEndings("\n");
    }

    /// <summary>A text as C# reads it. What is not to be seen, or turns the order of what is, is written by its number.</summary>
    public static string Text(string text)
    {
        var literal = new StringBuilder("\"");
        foreach (var letter in text)
        {
            _ = letter is '"' or '\\' ? literal.Append('\\').Append(letter)
                : IsPlain(letter) ? literal.Append(letter)
                : literal.Append(CultureInfo.InvariantCulture, $"\\u{(int)letter:X4}");
        }

        return literal.Append('"').ToString();
    }

    private static string SamplerOf(ServedModel served, Sampler sampler) =>
        sampler.GetType() == served.Transformer.Generation.Sampler.GetType() && sampler != Fresh(sampler)
        ? $"model.Generation.Sampler with {{ Timesteps = {New(sampler)}.Timesteps }}"
        : New(sampler);

    private static string New(Sampler sampler)
    {
        var steps = sampler.Timesteps.NumberOfInferenceSteps;
        var more = sampler switch
        {
            DdimSampler { Eta: not 0 and var eta } => $", eta: {Number(eta)}",
            DpmSolverSampler { IsStochastic: true } => ", stochastic: true",
            _ => "",
        };
        return $"new {sampler.GetType().Name}({steps}{more})";
    }

    // What its constructor makes for so many steps.
    private static Sampler? Fresh(Sampler sampler)
    {
        var steps = sampler.Timesteps.NumberOfInferenceSteps;
        return sampler switch
        {
            DdimSampler ddim => new DdimSampler(steps, ddim.Eta),
            DdpmSampler => new DdpmSampler(steps),
            DpmSolverSampler solver => new DpmSolverSampler(steps, solver.IsStochastic),
            UniPcSampler => new UniPcSampler(steps),
            HeunSampler => new HeunSampler(steps),
            EulerSampler => new EulerSampler(steps),
            _ => null,
        };
    }

    private static bool IsPlain(char letter) => char.GetUnicodeCategory(letter) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator) && (letter == ' ' || !char.IsWhiteSpace(letter));

    private static string Number(IFormattable number) => number.ToString(null, CultureInfo.InvariantCulture);
}
