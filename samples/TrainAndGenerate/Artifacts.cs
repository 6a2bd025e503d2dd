using System.Globalization;
using Microsoft.ML.Data;

namespace TrainAndGenerate;

/// <summary>The folder that files are written to. A file appears there complete or not at all.</summary>
internal sealed class Artifacts
{
    private readonly string _folder;

    /// <param name="folder">The folder; null is "artifacts" at the root of the repository, or here if the program runs elsewhere.</param>
    /// <param name="sample">The folder in it of one sample; "" is itself.</param>
    public Artifacts(string? folder, string sample = "")
    {
        _folder = Path.GetFullPath(folder ?? Path.Combine(RepositoryRoot() ?? Environment.CurrentDirectory, "artifacts", sample));
        Directory.CreateDirectory(_folder);
        using var probe = File.Create(PathOf(".writable"), 1, FileOptions.DeleteOnClose); // better to fail now than after the training
    }

    public string PathOf(string name) => Path.Combine(_folder, name);

    /// <summary>Writes a file and says where it is and what it shows.</summary>
    public void Save(string name, Action<string> write, string caption)
    {
        Write(PathOf(name), write);
        Console.WriteLine($"Wrote {PathOf(name)}: {caption}");
    }

    /// <summary>Writes 00000.png, 00001.png, ... into a folder, in which no such pictures of an earlier run stay.</summary>
    public void SaveAll(string name, IReadOnlyList<MLImage> pictures)
    {
        var folder = Directory.CreateDirectory(PathOf(name));
        foreach (var old in folder.EnumerateFiles("*.png").Where(file => Path.GetFileNameWithoutExtension(file.Name).All(char.IsAsciiDigit)))
        {
            old.Delete();
        }

        for (var i = 0; i < pictures.Count; i++)
        {
            Write(Path.Combine(folder.FullName, $"{i.ToString("D5", CultureInfo.InvariantCulture)}.png"), pictures[i].Save);
        }

        Console.WriteLine($"Wrote {pictures.Count} pictures to {folder.FullName}");
    }

    // Writes beside the place and moves the file there when it is whole.
    private static void Write(string path, Action<string> write)
    {
        var partial = Path.Combine(Path.GetDirectoryName(path)!, $".partial-{Path.GetFileName(path)}"); // the extension decides the format
        try
        {
            write(partial);
            File.Move(partial, path, overwrite: true);
        }
        finally
        {
            File.Delete(partial);
        }
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
