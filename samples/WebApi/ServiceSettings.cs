using System.Globalization;

namespace WebApi;

/// <summary>What the service serves and up to where, from the command line (--Model=garments.zip), variables (MODEL) or appsettings.json.</summary>
/// <param name="Model">The model file; it is watched.</param>
/// <param name="QueueLimit">The most images that may wait.</param>
/// <param name="MaximumSteps">The most steps that a request may ask for.</param>
/// <param name="MaximumCount">The most images of a request.</param>
/// <param name="Watch">How often the file is looked at.</param>
/// <param name="Telemetry">Whether metrics and traces are written to the console.</param>
internal sealed record ServiceSettings(string Model, int QueueLimit, int MaximumSteps, int MaximumCount, TimeSpan Watch, bool Telemetry)
{
    public const double MaximumGuidance = 20;

    public static ServiceSettings Of(IConfiguration configuration) => new(
        Path.GetFullPath(configuration["Model"] ?? Path.Combine(AppContext.BaseDirectory, "garments.zip")),
        Whole(configuration, "QueueLimit", 128),
        Whole(configuration, "MaximumSteps", 100),
        Whole(configuration, "MaximumCount", 16),
        TimeSpan.FromMilliseconds(Whole(configuration, "WatchMilliseconds", 2000)),
        string.Equals(configuration["Telemetry"], "true", StringComparison.OrdinalIgnoreCase));

    private static int Whole(IConfiguration configuration, string name, int unless) =>
        configuration[name] is not { } text ? unless
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value > 0 ? value
        : throw new FormatException($"{name} must be a whole number of at least 1, but is '{text}'.");
}
