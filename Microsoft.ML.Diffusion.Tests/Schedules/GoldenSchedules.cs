using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.ML.Diffusion.Tests.Golden;

namespace Microsoft.ML.Diffusion.Tests.Schedules;

/// <summary>The entries of <c>schedules.json</c> and the product's schedule for each.</summary>
internal static class GoldenSchedules
{
    private const string ZeroTerminalSnr = "_zero_terminal_snr";

    private static readonly JsonObject _tables = GoldenFolder.ReadJson("schedules.json").AsObject();

    /// <summary>Every pair of a size, such as T1000, and the name of a schedule.</summary>
    public static IEnumerable<(string Size, string Name)> Entries =>
        from size in _tables
        where !size.Key.StartsWith('_')
        from schedule in size.Value!.AsObject()
        select (size.Key, schedule.Key);

    public static JsonNode Tables(string size, string name) => _tables[size]![name]!;

    /// <summary>The schedule by its name's formula and its entry's arguments.</summary>
    public static NoiseSchedule Create(string size, string name)
    {
        if (name.EndsWith(ZeroTerminalSnr, StringComparison.Ordinal))
        {
            return Create(size, name[..^ZeroTerminalSnr.Length]).WithZeroTerminalSnr();
        }

        var timesteps = int.Parse(size.AsSpan(1), CultureInfo.InvariantCulture);
        var arguments = Tables(size, name)["params"]!;
        var (start, end) = (arguments.Number("beta_start", double.NaN), arguments.Number("beta_end", double.NaN));
        return name.Split('_') switch
        {
            ["linear", ..] => NoiseSchedule.Linear(timesteps, start, end),
            ["scaled", "linear", ..] => NoiseSchedule.ScaledLinear(timesteps, start, end),
            ["sigmoid", ..] => NoiseSchedule.Sigmoid(timesteps, start, end),
            ["cosine", ..] when arguments.Number("s", 0) == 0.008 =>
                NoiseSchedule.Cosine(timesteps, arguments.Number("max_beta", double.NaN)),
            _ => throw new NotSupportedException($"The schedule '{name}' with {arguments} is not known."),
        };
    }
}
