namespace Microsoft.ML.Diffusion.Persistence.Diffusers;

/// <summary>Where the files of a diffusers folder are: the network's own beside each other, or those of a pipeline in unet and scheduler.</summary>
internal sealed record DiffusersFolder(string Network, string? SchedulerConfig, string? Pipeline)
{
    public const string ConfigFile = "config.json";
    public const string SchedulerFile = "scheduler_config.json";
    public const string IndexFile = "model_index.json";

    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="FileNotFoundException">It holds no config.json of a network.</exception>
    public static DiffusersFolder Open(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException(
                $"{folder}: there is no such folder. Download the model first, for example with: git clone https://huggingface.co/google/ddpm-cifar10-32");
        }

        var inner = Path.Combine(folder, "unet");
        var network = Directory.Exists(inner) ? inner : folder;
        if (!File.Exists(Path.Combine(network, ConfigFile)))
        {
            throw new FileNotFoundException(
                $"{network}: has no {ConfigFile}, so it is no folder of a diffusers model.",
                Path.Combine(network, ConfigFile));
        }

        string[] schedulers = [Path.Combine(folder, "scheduler", SchedulerFile), Path.Combine(folder, SchedulerFile)];
        var index = Path.Combine(folder, IndexFile);
        return new DiffusersFolder(
            network,
            schedulers.FirstOrDefault(File.Exists),
            File.Exists(index) ? ReadPipeline(DiffusersConfig.Read(index)) : null);
    }

    public DiffusersConfig ReadConfig() => DiffusersConfig.Read(Path.Combine(Network, ConfigFile));

    public DiffusersConfig ReadScheduler() =>
        SchedulerConfig is null ? DiffusersConfig.Empty(SchedulerFile) : DiffusersConfig.Read(SchedulerConfig);

    // Each component is named with its library and class; the files of the component say the same again.
    private static string ReadPipeline(DiffusersConfig index)
    {
        var pipeline = index.Text("_class_name", "DDPMPipeline");
        if (pipeline is not ("DDPMPipeline" or "DDIMPipeline"))
        {
            throw index.Refusal("_class_name", pipeline, "only DDPMPipeline and DDIMPipeline are");
        }

        index.Ignore("unet", "scheduler");
        index.RefuseRest();
        return pipeline;
    }
}
