using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Planning;

/// <summary>How long training may take, and the options that are given whatever is planned.</summary>
internal sealed class TimeBudget
{
    private readonly Func<DiffusionOptions, DiffusionOptions> _configure;

    /// <exception cref="ArgumentOutOfRangeException">The budget is not above zero.</exception>
    public TimeBudget(TimeSpan time, Func<DiffusionOptions, DiffusionOptions>? configure)
    {
        if (time <= TimeSpan.Zero)
        {
            throw new ArgumentOutOfRangeException(
                "budget",
                time,
                "budget must be above zero, because it is the time that training may take. Without one, use the overload with DiffusionOptions.");
        }

        (Time, _configure) = (time, configure ?? (options => options));
        Given = Configure(new DiffusionOptions());
    }

    /// <summary>The time.</summary>
    public TimeSpan Time { get; }

    /// <summary>The given options on top of the defaults: for all that no plan decides.</summary>
    public DiffusionOptions Given { get; }

    /// <summary>The given options on top of others.</summary>
    public DiffusionOptions Configure(DiffusionOptions options) =>
        _configure(options) ?? throw new ArgumentException("configure must return the options to use, but returned null.", "configure");

    /// <inheritdoc/>
    public override string ToString() => $"a network for {TimeText.Of(Time)} of training";
}
