using System.Globalization;

namespace Microsoft.ML.Diffusion.Tests.Golden;

/// <summary>
/// The timesteps that other libraries visit, in the order in which they list them, with their wrong counts, repeated values and
/// values beyond the end: golden runs are replayed on these. The product's own choices are <see cref="TimestepSubset"/>'s.
/// </summary>
internal static class PeerTimesteps
{
    /// <summary>The steps of a run by the name that <c>timesteps.json</c> gives the rule.</summary>
    /// <exception cref="ArgumentException">The peer refuses the number of steps; the message is its own.</exception>
    public static int[] ByKind(string kind, int trainingTimesteps, string steps, int stepsOffset)
    {
        int Count() => int.Parse(steps, CultureInfo.InvariantCulture);
        return kind switch
        {
            "ermongroup_uniform" => ErmongroupUniform(trainingTimesteps, Count()),
            "ermongroup_quad" => ErmongroupQuadratic(trainingTimesteps, Count()),
            "diffusers_ddpm" or "diffusers_ddim" => Diffusers("leading", trainingTimesteps, Count(), stepsOffset),
            "guided_space_timesteps" => Guided(trainingTimesteps, steps),
            _ when Suffix(kind, "diffusers_ddpm_ddim_") is { } spacing => Diffusers(spacing, trainingTimesteps, Count(), stepsOffset),
            _ when Suffix(kind, "diffusers_ddim_inverse_") is { } spacing =>
                DiffusersInverse(spacing, trainingTimesteps, Count(), stepsOffset),
            _ when Suffix(kind, "diffusers_dpmsolver_multistep_") is { } spacing =>
                DiffusersDpmSolver(spacing, trainingTimesteps, Count(), stepsOffset),
            _ => throw new NotSupportedException($"The timestep rule '{kind}' is not known."),
        };
    }

    /// <summary>Rising; ceil(T / (T // S)) of them, which is more than S where S does not divide T.</summary>
    public static int[] ErmongroupUniform(int trainingTimesteps, int steps) => Range(trainingTimesteps, trainingTimesteps / steps);

    /// <summary>Rising; repeats values once S is large.</summary>
    public static int[] ErmongroupQuadratic(int trainingTimesteps, int steps) =>
        [.. NumPy.Linspace(0, Math.Sqrt(trainingTimesteps * 0.8), steps).Select(root => (int)(root * root))];

    /// <summary>Falling; the offset may lead past T - 1.</summary>
    public static int[] Diffusers(string spacing, int trainingTimesteps, int steps, int stepsOffset) => spacing switch
    {
        _ when steps > trainingTimesteps => throw new ArgumentException("num_inference_steps larger than num_train_timesteps"),
        "linspace" => Reversed(NumPy.Round(NumPy.Linspace(0, trainingTimesteps - 1, steps))),
        "leading" => Reversed(Leading(trainingTimesteps / steps, steps, stepsOffset)),
        "trailing" => Trailing(trainingTimesteps, steps),
        _ => throw new NotSupportedException($"The spacing '{spacing}' is not known."),
    };

    /// <summary>Rising.</summary>
    public static int[] DiffusersInverse(string spacing, int trainingTimesteps, int steps, int stepsOffset) => spacing switch
    {
        "leading" => Leading(trainingTimesteps / steps, steps, stepsOffset),
        "trailing" => Reversed(Trailing(trainingTimesteps, steps)),
        _ => throw new NotSupportedException($"The spacing '{spacing}' is not known."),
    };

    /// <summary>Falling; S + 1 points of which the lowest is dropped, except for trailing.</summary>
    public static int[] DiffusersDpmSolver(string spacing, int trainingTimesteps, int steps, int stepsOffset) => spacing switch
    {
        "linspace" => Reversed(NumPy.Round(NumPy.Linspace(0, trainingTimesteps - 1, steps + 1)))[..^1],
        "leading" => Reversed(Leading(trainingTimesteps / (steps + 1), steps + 1, stepsOffset))[..^1],
        "trailing" => Trailing(trainingTimesteps, steps),
        _ => throw new NotSupportedException($"The spacing '{spacing}' is not known."),
    };

    /// <summary>Rising; either one stride for all ("ddim50"), or sections of equal size with their own counts ("10,15,20").</summary>
    public static int[] Guided(int trainingTimesteps, string sections)
    {
        if (Suffix(sections, "ddim") is { } desired)
        {
            var count = int.Parse(desired, CultureInfo.InvariantCulture);
            return Enumerable.Range(1, trainingTimesteps - 1)
                .Select(stride => Range(trainingTimesteps, stride))
                .FirstOrDefault(steps => steps.Length == count)
                ?? throw new ArgumentException($"cannot create exactly {trainingTimesteps} steps with an integer stride");
        }

        var counts = Array.ConvertAll(sections.Split(','), text => int.Parse(text, CultureInfo.InvariantCulture));
        var all = new SortedSet<int>();
        var start = 0;
        for (var i = 0; i < counts.Length; i++)
        {
            var size = (trainingTimesteps / counts.Length) + (i < trainingTimesteps % counts.Length ? 1 : 0);
            all.UnionWith(Section(start, size, counts[i]));
            start += size;
        }

        return [.. all];
    }

    private static List<int> Section(int start, int size, int count)
    {
        if (size < count)
        {
            throw new ArgumentException($"cannot divide section of {size} steps into {count}");
        }

        var stride = count <= 1 ? 1 : (size - 1.0) / (count - 1);
        var taken = new List<int>();
        for (var (i, current) = (0, 0.0); i < count; i++, current += stride) // summed up, as the peer does: products round differently
        {
            taken.Add(start + (int)Math.Round(current, MidpointRounding.ToEven));
        }

        return taken;
    }

    private static int[] Leading(int stride, int steps, int stepsOffset) =>
        [.. Enumerable.Range(0, steps).Select(i => (i * stride) + stepsOffset)];

    private static int[] Trailing(int trainingTimesteps, int steps) =>
        Array.ConvertAll(NumPy.Round(NumPy.ArangeDown(trainingTimesteps, (double)trainingTimesteps / steps)), timestep => timestep - 1);

    private static int[] Range(int stop, int stride) => [.. Enumerable.Range(0, (stop + stride - 1) / stride).Select(i => i * stride)];

    private static int[] Reversed(int[] values) => [.. values.AsEnumerable().Reverse()];

    private static string? Suffix(string text, string prefix) =>
        text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : null;
}
