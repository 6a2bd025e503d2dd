using System.Buffers.Binary;

namespace Microsoft.ML.Diffusion.Persistence.ModelFile;

/// <summary>ML.NET's step that reads images from paths, as <c>LoadImages</c> makes it.</summary>
/// <remarks>
/// It may be the first step of a pipeline, where all paths come from the caller's rows, if it names no folder to look for them in. Further on
/// another step of the file could make up the paths, and a path alone can tell a password to a server (\\\\server\\share on Windows).
/// </remarks>
internal static class ImageLoadingStep
{
    private const string Loader = "imageloadertransform";
    private const string FirstStep = "TransformerChain/Transform_000/" + MachineLearningHeader.Entry;
    private const int NoText = -1;

    /// <param name="loader">The signature in any spelling.</param>
    /// <param name="entry">The entry of its header.</param>
    /// <param name="parameters">The number of columns, two texts for each, the folder, and whether images or bytes are read.</param>
    public static bool IsHarmless(string loader, string entry, ReadOnlySpan<byte> parameters)
    {
        if (TrustedLoaders.Normalize(loader) != Loader || entry != FirstStep || parameters.Length < sizeof(int))
        {
            return false;
        }

        var folderAt = sizeof(int) + (2L * sizeof(int) * BinaryPrimitives.ReadInt32LittleEndian(parameters));
        return folderAt + sizeof(int) + sizeof(bool) == parameters.Length
            && folderAt >= sizeof(int)
            && BinaryPrimitives.ReadInt32LittleEndian(parameters[(int)folderAt..]) == NoText;
    }
}
