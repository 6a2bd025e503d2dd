using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Samples;

/// <summary>The folder that files are written to. A file appears there complete or not at all.</summary>
public sealed class Artifacts
{
    private readonly string _folder;
    private readonly TextWriter _log;

    /// <summary>Makes the folder, and makes sure that it can be written to: better to fail now than after the training.</summary>
    /// <param name="folder">The folder; null is "artifacts" at the root of the repository, or here if the program runs elsewhere.</param>
    /// <param name="sample">The folder in it of one sample; "" is itself.</param>
    /// <param name="log">Who is told what was written; null is the standard output.</param>
    public Artifacts(string? folder, string sample = "", TextWriter? log = null)
    {
        _log = log ?? Console.Out;
        _folder = Path.GetFullPath(folder ?? Path.Combine(RepositoryRoot() ?? Environment.CurrentDirectory, "artifacts", sample));
        WholeFile.MakeFolder(_folder);
    }

    /// <summary>The whole path of a file in the folder.</summary>
    public string PathOf(string name) => Path.Combine(_folder, name);

    /// <summary>Writes a file as <see cref="WholeFile"/> does, and says where it is and what it shows.</summary>
    public void Save(string name, Action<string> write, string caption)
    {
        WholeFile.Write(PathOf(name), write);
        _log.WriteLine($"Wrote {PathOf(name)}: {caption}");
    }

    /// <summary>Writes 00000.png, 00001.png, ... into a folder, in which no such picture of an earlier run stays.</summary>
    public void SaveAll(string name, IReadOnlyList<MLImage> pictures)
    {
        ArgumentNullException.ThrowIfNull(pictures);
        Directory.CreateDirectory(PathOf(name));
        var files = new NumberedPictures(PathOf(name));
        foreach (var picture in pictures)
        {
            files.Add(picture);
        }

        files.DeleteRest();
        _log.WriteLine($"Wrote {files}");
    }

    private static string? RepositoryRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Diffusion.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName;
    }
}
