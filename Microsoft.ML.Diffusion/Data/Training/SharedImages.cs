using System.Text.Json;
using Microsoft.ML.Diffusion.Images;

namespace Microsoft.ML.Diffusion.Data.Training;

/// <summary>Where other processes of the machine find the images that one of them has read, so that each need not read and keep them itself.</summary>
/// <param name="Path">The file, by the process that has it open: it has no other name, and is gone with the processes that use it.</param>
/// <param name="Count">The number of images, which are at its beginning.</param>
/// <param name="Shape">Of each.</param>
/// <param name="BlankCount">The number of images of one single colour.</param>
/// <param name="HasLabels">Whether the class of each image follows.</param>
/// <param name="Token">What the file ends with: a file that does not is another one, of a process that has the same number elsewhere.</param>
internal sealed record SharedImages(string Path, int Count, ImageShape Shape, int BlankCount, bool HasLabels, Guid Token)
{
    private const int TokenBytes = 16;

    /// <summary>Whether processes of this system can open each other's files.</summary>
    public static bool AreSupported => OperatingSystem.IsLinux();

    /// <summary>The path by which others open a file of this process.</summary>
    public static string PathOf(FileStream file) => FormattableString.Invariant($"/proc/{Environment.ProcessId}/fd/{file.SafeFileHandle.DangerousGetHandle()}");

    /// <summary>What follows the images in the file.</summary>
    public static byte[] Tail(IReadOnlyList<int>? labels, Guid token)
    {
        var numbers = labels?.ToArray() ?? [];
        var tail = new byte[(numbers.Length * sizeof(int)) + TokenBytes];
        Buffer.BlockCopy(numbers, 0, tail, 0, tail.Length - TokenBytes);
        token.TryWriteBytes(tail.AsSpan(tail.Length - TokenBytes));
        return tail;
    }

    /// <summary>For another process.</summary>
    public string ToJson() => JsonSerializer.Serialize(this);

    /// <summary>The images that another process shares; null if they cannot be seen from here.</summary>
    /// <param name="json">What it said of them.</param>
    public static TrainingSet? Open(string json)
    {
        if (!AreSupported || json.Length == 0)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<SharedImages>(json)!.Open();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null; // in a container of its own, perhaps
        }
    }

    private TrainingSet? Open()
    {
        var file = new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var labels = new int[HasLabels ? Count : 0];
        var tail = new byte[(labels.Length * sizeof(int)) + TokenBytes];
        if (file.Length != ((long)Count * Shape.PixelCount) + tail.Length)
        {
            file.Dispose();
            return null;
        }

        file.Position = file.Length - tail.Length;
        file.ReadExactly(tail);
        if (new Guid(tail.AsSpan(tail.Length - TokenBytes)) != Token)
        {
            file.Dispose();
            return null;
        }

        Buffer.BlockCopy(tail, 0, labels, 0, tail.Length - TokenBytes);
        return new TrainingSet(Shape, new PixelStore(file, Count, Shape.PixelCount), HasLabels ? labels : null) { BlankCount = BlankCount };
    }
}
