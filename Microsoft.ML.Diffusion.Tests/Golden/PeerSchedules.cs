using System.Text.Json.Nodes;

namespace Microsoft.ML.Diffusion.Tests.Golden;

/// <summary>The product's schedule for what a peer's configuration calls it.</summary>
internal static class PeerSchedules
{
    /// <param name="config">Ermongroup's: T, beta_schedule, beta_start and beta_end.</param>
    public static NoiseSchedule Ermongroup(JsonNode config)
    {
        var (timesteps, start, end) = (config.Int("T"), config.Number("beta_start", 1e-4), config.Number("beta_end", 0.02));
        return FirstWord(config) switch
        {
            "linear" => NoiseSchedule.Linear(timesteps, start, end),
            "quad" => NoiseSchedule.ScaledLinear(timesteps, start, end),
            "sigmoid" => NoiseSchedule.Sigmoid(timesteps, start, end),
            "const" => NoiseSchedule.FromBetas([.. Enumerable.Repeat(end, timesteps)]),
            "jsd" => NoiseSchedule.FromBetas(Array.ConvertAll(NumPy.Linspace(timesteps, 1, timesteps), remaining => 1 / remaining)),
            var name => throw Unknown(name),
        };
    }

    /// <param name="config">Guided-diffusion's: T and beta_schedule; it scales the ends of linear for T other than 1000.</param>
    public static NoiseSchedule Guided(JsonNode config)
    {
        var timesteps = config.Int("T");
        var scale = 1000.0 / timesteps;
        return FirstWord(config) switch
        {
            "linear" => NoiseSchedule.Linear(timesteps, scale * 0.0001, scale * 0.02),
            "cosine" => NoiseSchedule.Cosine(timesteps),
            var name => throw Unknown(name),
        };
    }

    /// <param name="config">The arguments of a diffusers scheduler.</param>
    public static NoiseSchedule Diffusers(JsonNode config)
    {
        var (timesteps, start, end) =
            (config.Int("num_train_timesteps", 1000), config.Number("beta_start", 1e-4), config.Number("beta_end", 0.02));
        var schedule = config["trained_betas"] is JsonArray ? NoiseSchedule.FromBetas(config.Numbers("trained_betas")) : config.Text("beta_schedule", "linear") switch
        {
            "linear" => NoiseSchedule.Linear(timesteps, start, end),
            "scaled_linear" => NoiseSchedule.ScaledLinear(timesteps, start, end),
            "sigmoid" => NoiseSchedule.Sigmoid(timesteps, start, end),
            "squaredcos_cap_v2" => NoiseSchedule.Cosine(timesteps),
            var name => throw Unknown(name),
        };
        return config.Flag("rescale_betas_zero_snr", false) ? schedule.WithZeroTerminalSnr() : schedule;
    }

    // Some files add an explanation: "quad (= scaled_linear)".
    private static string FirstWord(JsonNode config) => config.Text("beta_schedule").Split(' ')[0];

    private static NotSupportedException Unknown(string name) => new($"The schedule '{name}' is not known.");
}
