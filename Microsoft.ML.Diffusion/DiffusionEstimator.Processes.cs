using System.Globalization;
using Microsoft.ML.Diffusion.Data.Training;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Planning;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Training;
using Microsoft.ML.Diffusion.Training.Checkpoints;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Diffusion;

/// <content>What several processes that train one model agree on before they start, and how they end.</content>
public sealed partial class DiffusionEstimator
{
    // 0 for all that there are: alone, nobody else wants any.
    private static int CoresOf(RunGroup group) =>
        group.Processes is not null ? ProcessCores.Share(group.Texts("cores", ProcessCores.Place()), group.Rank)
        : CoreShare.IsSet ? CoreShare.Cores
        : 0;

    // The first process of each machine reads the images, and the others there look into its file.
    private static TrainingSet ReadOnce(RunGroup group, Func<bool, TrainingSetReader> reader)
    {
        if (group.Processes is not { } processes || !SharedImages.AreSupported)
        {
            return reader(false).Read();
        }

        var machines = group.Texts("machines", FormattableString.Invariant($"{processes.LocalRank} {Environment.MachineName}"));
        int ReaderOf(int rank) => Array.LastIndexOf(machines, $"0 {machines[rank].Split(' ', 2)[1]}", rank);
        var first = ReaderOf(group.Rank);
        var own =
            first < 0 || first == group.Rank
                ? reader(Enumerable.Range(0, group.Size).Count(rank => ReaderOf(rank) == group.Rank) > 1).Read()
                : null;
        try
        {
            var shared = group.Texts("images", own?.Shared?.ToJson() ?? "");
            return own ?? SharedImages.Open(shared[first]) ?? reader(false).Read();
        }
        catch
        {
            own?.Dispose();
            throw;
        }
    }

    // Where there are several cards, each process of a machine has one.
    private ComputeDevice DeviceOf(RunGroup group)
    {
        if (group.Processes is not { } processes || _options.Device is not (null or "cuda"))
        {
            return DeviceChoice.Resolve(_host, _options.Device);
        }

        var card = string.Create(CultureInfo.InvariantCulture, $"cuda:{processes.LocalRank}");
        return _options.Device is not null
            || (((IHostEnvironmentInternal)_host).GpuDeviceId is null && DeviceChoice.Resolve(_host, null).Kind == DeviceKind.Cuda)
            ? DeviceChoice.Resolve(_host, card)
            : DeviceChoice.Resolve(_host, null);
    }

    private long SeedOf(RunGroup group, long? earlier) => long.Parse(
        group.OfFirst("seeds", () => Seeds.Resolve(_host, _options.Seed, earlier).ToString(CultureInfo.InvariantCulture))!,
        CultureInfo.InvariantCulture);

    // Measured by one process: all go by the same plan.
    private static PlannedOptions PlanOf(RunGroup group, Func<PlannedOptions> decide) =>
        group.Processes is null ? decide() : PlannedOptions.FromJson(group.OfFirst("plans", () => decide().ToJson())!);

    private void CheckSame(RunGroup group, RunIdentity? identity, TrainingOptions training, ComputeDevice device)
    {
        if (group.Processes is not null)
        {
            group.CheckSame(
                RunIdentities.OfProcess(
                    identity!,
                    training,
                    (nameof(DiffusionOptions.Seed), _options.Seed?.ToString(CultureInfo.InvariantCulture) ?? "null"),
                    (nameof(DiffusionOptions.Device), device.Kind.ToString()),
                    ("Budget", _budget?.Time.ToString() ?? "null"),
                    ("Library", $"{AssemblyVersion.Of(typeof(DiffusionEstimator))} with random numbers {RandomStreams.Version}")));
        }
    }

    private void Fail(RunGroup group, Exception exception)
    {
        if (group.Processes is not null)
        {
            using var channel = _host.Start("Fit");
            group.Fail(exception, reason => channel.Error(MessageSensitivity.None, reason));
        }
    }
}
