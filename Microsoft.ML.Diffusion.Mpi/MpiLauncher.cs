using System.Globalization;

namespace Microsoft.ML.Diffusion.Mpi;

/// <summary>What a launcher says of the processes that it started: it leaves that in their environment.</summary>
/// <param name="Name">What started them.</param>
/// <param name="IsOpenMpi">Whether its library is Open MPI's; null where either may be.</param>
/// <param name="Size">How many they are.</param>
internal sealed record MpiLauncher(string Name, bool? IsOpenMpi, int Size)
{
    /// <summary>The one that started this process; null where nothing is known of one.</summary>
    public static MpiLauncher? OfEnvironment() => Of(Environment.GetEnvironmentVariable);

    /// <summary>The one that left these variables. Slurm is asked last, since it stands around a launcher that is started in its jobs.</summary>
    public static MpiLauncher? Of(Func<string, string?> variable)
    {
        int? Number(string name) =>
            int.TryParse(variable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : null;
        return Number("OMPI_COMM_WORLD_SIZE") is { } openMpi ? new("Open MPI's mpirun", true, openMpi)
            : Number("PMI_SIZE") is { } mpich && (variable("SLURM_PROCID") is null || Number("MPI_LOCALNRANKS") is not null) ? new("MPICH's mpiexec", false, mpich)
            : (Number("SLURM_STEP_NUM_TASKS") ?? Number("SLURM_NTASKS")) is { } slurm ? new("Slurm's srun", null, slurm)
            : Number("PMI_SIZE") is { } other ? new("a launcher that speaks PMI", null, other)
            : null;
    }
}
