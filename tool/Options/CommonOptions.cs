using System.CommandLine;

namespace Diffusion.Tool.Options;

/// <summary>Options that several commands have.</summary>
internal static class CommonOptions
{
    /// <summary>Gets whether the result is a JSON document.</summary>
    public static Option<bool> Json { get; } =
        new("--json")
        {
            Description = "Print one JSON document instead of text; nothing else goes to the standard output",
            Recursive = true,
        };

    /// <summary>Gets whether progress is kept to oneself.</summary>
    public static Option<bool> Quiet { get; } =
        new("--quiet", "-q") { Description = "Print no progress and no notes to the standard error", Recursive = true };

    /// <summary>Gets whether everything is told.</summary>
    public static Option<bool> Verbose { get; } =
        new("--verbose") { Description = "Print all that is logged to the standard error, and where an error came from", Recursive = true };

    /// <summary>The option that lets outputs be replaced.</summary>
    public static Option<bool> Force() => new("--force", "-f") { Description = "Replace files that are there already" };

    /// <summary>The option of the device.</summary>
    public static Option<string?> Device() => Values.Device("--device", "cpu, cuda or cuda:1 [default: cuda where there is one]");

    /// <summary>The option of the seed.</summary>
    public static Option<long?> Seed(string description) => Values.Seed($"{description} [default: a new one, which is told]");

    /// <summary>The argument that names a model.</summary>
    public static Argument<string> Model() => new("MODEL") { Description = "A model.zip, or a folder of Python's diffusers" };
}
