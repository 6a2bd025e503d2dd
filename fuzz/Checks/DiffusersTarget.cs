using Microsoft.ML.Diffusion.Persistence.Diffusers;

namespace Microsoft.ML.Diffusion.Fuzz.Checks;

/// <summary>The readers of diffusers' configurations, which read a folder.</summary>
internal static class DiffusersTarget
{
    private static readonly string _folder = Directory.CreateTempSubdirectory("diffusion-").FullName;

    static DiffusersTarget() => AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(_folder, recursive: true);

    public static void ReadNetwork(Stream stream) => DiffusersNetwork.Read(DiffusersConfig.Read(Written(stream, DiffusersFolder.ConfigFile)));

    public static void ReadScheduler(Stream stream) =>
        DiffusersScheduler.Read(DiffusersConfig.Read(Written(stream, DiffusersFolder.SchedulerFile)), null, null);

    public static void ReadIndex(Stream stream)
    {
        File.WriteAllText(Path.Combine(_folder, DiffusersFolder.ConfigFile), "{}");
        Written(stream, DiffusersFolder.IndexFile);
        DiffusersFolder.Open(_folder);
    }

    private static string Written(Stream stream, string name)
    {
        var path = Path.Combine(_folder, name);
        using var file = File.Create(path);
        stream.CopyTo(file);
        return path;
    }
}
