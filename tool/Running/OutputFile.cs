using Microsoft.ML.Diffusion.Samples;

namespace Diffusion.Tool.Running;

/// <summary>Places that a command will write to, looked at before it begins to work.</summary>
internal static class OutputFile
{
    /// <summary>What pictures can be saved as.</summary>
    public static IReadOnlyList<string> Pictures { get; } = [".png", ".jpg", ".jpeg", ".webp"];

    /// <summary>What films can be saved as.</summary>
    public static IReadOnlyList<string> Films { get; } = [".gif"];

    /// <summary>The name of a file or folder, without the way to it.</summary>
    public static string NameOf(string path) => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));

    /// <summary>Checks the place of a file and makes its folder.</summary>
    /// <param name="option">The option that names it, as typed.</param>
    /// <param name="path">The file.</param>
    /// <param name="force">Whether a file that is there may be replaced.</param>
    /// <param name="extensions">What its name must end in; <see langword="null"/> is anything.</param>
    /// <returns>The path.</returns>
    public static string Prepare(string option, string path, bool force, IReadOnlyList<string>? extensions = null)
    {
        if (extensions?.Contains(Path.GetExtension(path).ToLowerInvariant()) == false)
        {
            var allowed = extensions.Count == 1 ? extensions[0] : $"{string.Join(", ", extensions.SkipLast(1))} or {extensions[^1]}";
            throw new UsageException($"{option} must end in {allowed}, because that decides the format, but is '{path}'.");
        }

        if (Directory.Exists(path))
        {
            throw new ToolException($"{option} must be a file, but '{path}' is a folder. Name a file in it.");
        }

        if (File.Exists(path) && !force)
        {
            throw new ToolException($"{option}: '{path}' is there already. Add --force to replace it, or name another file.");
        }

        WholeFile.MakeFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
        return path;
    }

    /// <summary>Checks and makes a folder of numbered pictures.</summary>
    /// <param name="option">The option that names it, as typed.</param>
    /// <param name="path">The folder.</param>
    /// <param name="count">The number of pictures.</param>
    /// <param name="force">Whether numbered pictures that are there may be replaced.</param>
    /// <param name="firstPicture">The number of the first picture.</param>
    /// <returns>The path.</returns>
    public static string PrepareFolder(string option, string path, int count, bool force, long firstPicture = 0)
    {
        if (File.Exists(path))
        {
            throw new ToolException($"{option} must be a folder, but '{path}' is a file. Name another folder.");
        }

        if (!force && NumberedPictures.FindFirst(path, count, firstPicture) is { } first)
        {
            throw new ToolException(
                $"{option}: '{first}' is there already. Add --force to replace the numbered pictures in the folder, or name another one.");
        }

        WholeFile.MakeFolder(path);
        return path;
    }
}
