using System.Globalization;
using Microsoft.ML.Diffusion;
using Microsoft.ML.Diffusion.Runtime;

namespace WebApi;

/// <summary>What a request asks for besides the class. What is not given is the model's own, and the seed a random one.</summary>
internal sealed record ImageQuery(long Seed, bool IsSeeded, int? Steps, double? Guidance, int Count)
{
    private const int MostShown = 40;

    private static readonly string[] _names = ["seed", "steps", "guidance", "count"];

    /// <summary>Reads a query.</summary>
    /// <exception cref="FormatException">It asks for something that there is not; the message says what there is.</exception>
    public static ImageQuery Read(IQueryCollection query, ServiceSettings settings, DiffusionTransformer model)
    {
        foreach (var (name, values) in query)
        {
            if (!_names.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                throw new FormatException(
                    $"There is no parameter '{Short(name)}', only {string.Join(", ", _names)}.{NearestName.Question(name, _names)}");
            }

            if (values.Count > 1)
            {
                throw new FormatException($"{name} must be given once, but is given {values.Count} times.");
            }
        }

        var seed = Whole(query, "seed", long.MinValue, long.MaxValue, "Leave it out for a random one.");
        var mostSteps = Math.Min(settings.MaximumSteps, model.Schedule.NumberOfTrainingTimesteps);
        return new ImageQuery(
            seed ?? Random.Shared.Next(), // short enough to be read out
            seed is not null,
            (int?)Whole(query, "steps", 1, mostSteps, "Leave it out for the model's own number."),
            Real(query, "guidance", ServiceSettings.MaximumGuidance),
            (int?)Whole(query, "count", 1, settings.MaximumCount, "Each of them takes as long as one alone.") ?? 1);
    }

    /// <summary>The requests for its images: that of the seed, and those of the seeds that follow.</summary>
    public ImageRequest[] Requests(string? className) =>
    [
        .. Enumerable.Range(0, Count).Select(i => new ImageRequest
        {
            ClassName = className,
            Seed = unchecked(Seed + i),
            Sampler = Steps is { } steps ? new DdimSampler(steps) : null,
            GuidanceScale = Guidance,
        }),
    ];

    /// <summary>The query that gives the same image again.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"seed={Seed}{(Steps is { } steps ? $"&steps={steps}" : "")}{(Guidance is { } guidance ? string.Create(CultureInfo.InvariantCulture, $"&guidance={guidance}") : "")}{(Count > 1 ? $"&count={Count}" : "")}");

    private static long? Whole(IQueryCollection query, string name, long least, long most, string advice) =>
        query[name] is not [var text] ? null
        : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most ? value
        : throw new FormatException($"{name} must be a whole number from {least} to {most}, but is '{Short(text)}'. {advice}");

    private static double? Real(IQueryCollection query, string name, double most) =>
        query[name] is not [var text] ? null
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= 0 && value <= most ? value
        : throw new FormatException(FormattableString.Invariant(
            $"{name} must be a number from 0 to {most}, but is '{Short(text)}'. 1 follows the class, more exaggerates it and takes twice as long."));

    private static string Short(string? text) => text is { Length: > MostShown } ? $"{text[..MostShown]}..." : text ?? "";
}
