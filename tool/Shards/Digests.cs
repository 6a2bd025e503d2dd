using System.Security.Cryptography;
using System.Text;

namespace Diffusion.Tool.Shards;

/// <summary>SHA-256 of files.</summary>
internal static class Digests
{
    /// <summary>Of one file.</summary>
    public static string OfFile(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    /// <summary>Of a model: its file, or all files of its folder with their names.</summary>
    public static string OfModel(string path)
    {
        if (File.Exists(path))
        {
            return OfFile(path);
        }

        var names = Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(path, file).Replace('\\', '/'))
            .Order(StringComparer.Ordinal);
        var lines = names.Select(name => $"{OfFile(Path.Combine(path, name))} {name}\n");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(lines))));
    }
}
