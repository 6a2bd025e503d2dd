namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>The largest that a model may be: what options take, files may say, <c>SaveModel</c> writes and <c>LoadModel</c> reads.</summary>
/// <remarks>
/// Far above what anybody trains, and low enough that a file cannot make its reader take much more memory than its own size. Each is checked
/// where its option is, and files are read into options: so there is one check of each.
/// </remarks>
internal static class Limits
{
    /// <summary>T, and the steps of a run. Papers go to 4,000.</summary>
    public const int Timesteps = 10_000;

    /// <summary>The classes of a model.</summary>
    public const int Classes = 10_000;

    /// <summary>The letters of the name of a class or a column.</summary>
    public const int NameLetters = 1_000;

    /// <summary>The letters of the names of all classes together.</summary>
    public const int ClassNamesLetters = 100_000;

    /// <summary>The channels of a level, and the groups of a normalization.</summary>
    public const int Channels = 65_536;

    /// <summary>The levels of a network.</summary>
    public const int Levels = 16;

    /// <summary>The residual blocks of a network, of the way down and the longer one up together.</summary>
    public const int ResidualBlocks = 256;

    /// <summary>The entries of a list of resolutions.</summary>
    public const int Resolutions = 64;

    /// <summary>The side of a patch.</summary>
    public const int PatchSize = 64;

    /// <summary>The side of an image in pixels.</summary>
    public const int ImageSide = 8_192;

    /// <summary>The images of a batch.</summary>
    public const int BatchSize = 65_536;

    /// <summary>The images that one call returns, all of them in memory.</summary>
    public const int ImagesAtOnce = 1_000_000;

    /// <summary>The number of an image within its seed at which options may begin: far above what anybody draws, and sums with counts do not overflow.</summary>
    public const long ImageNumber = 1_000_000_000_000_000;

    /// <summary>The tensors of the weights of a network: about 22 for each of <see cref="ResidualBlocks"/>.</summary>
    public const int Tensors = 8_192;

    /// <summary>The number within its seed of an image that a call begins with.</summary>
    /// <param name="name">The option, as the user knows it.</param>
    /// <param name="number">Its value.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is outside its range.</exception>
    public static void CheckFirstImage(string name, long number) => Check.Require(
        number is >= 0 and <= ImageNumber,
        name,
        number,
        "must be from 0 to 10^15, because it is the number of the first image within the seed, which counts its images from 0");

    /// <summary>The names of classes that a model can have.</summary>
    /// <param name="names">The names.</param>
    /// <param name="parameter">What the caller calls them.</param>
    /// <exception cref="ArgumentOutOfRangeException">They are too many or too long.</exception>
    public static void CheckClassNames(IReadOnlyList<string> names, string parameter)
    {
        CheckClassCount((ulong)names.Count, parameter);
        var letters = 0L;
        foreach (var name in names)
        {
            Check.Require(
                name.Length <= NameLetters,
                parameter,
                $"{name.Length} letters, '{name.AsSpan(0, Math.Min(name.Length, 20))}...'",
                $"must have at most {NameLetters} letters in each name of a class, because a model keeps them in its file");
            letters += name.Length;
        }

        Check.Require(
            letters <= ClassNamesLetters,
            parameter,
            $"{letters} letters",
            $"must have at most {ClassNamesLetters} letters in the names of all classes together, because a model keeps them in its file. Use shorter names");
    }

    /// <summary>The number of classes that a model can have, before there is a name for each.</summary>
    /// <inheritdoc cref="CheckClassNames"/>
    /// <param name="count">The number.</param>
    /// <param name="parameter">What the caller calls the classes.</param>
    public static void CheckClassCount(ulong count, string parameter) => Check.Require(
        count <= Classes,
        parameter,
        $"{count} classes",
        $"must have at most {Classes} classes, because the network learns features for each of them");
}
