namespace Microsoft.ML.Diffusion.Data.Formats;

/// <summary>The pages of a TIFF file, each of which has tags that name the place of the next one's.</summary>
internal static class TiffPages
{
    private const int SubfileType = 254;
    private const int ReducedOrMask = 1 | 4;
    private const int MaximumStrips = 1 << 20;

    /// <summary>Where the tags of the pages are, and why there are no more, if the file does not end well.</summary>
    /// <remarks>
    /// Reduced copies and masks are no pages. A list that leads in a circle ends; and pages that together need more bytes than the file has would
    /// share them, by which a small file could have pages without end.
    /// </remarks>
    public static ImagePages Find(ImageBytes file)
    {
        List<long> pages = [];
        HashSet<long> seen = [];
        var bytes = 0L;
        try
        {
            for (long at = TiffDirectory.First(file); at != 0 || seen.Count == 0;)
            {
                var directory = new TiffDirectory(file, at);
                bytes += directory.Length + directory.Values(TiffLayout.StripByteCounts, MaximumStrips).Sum();
                if (!seen.Add(at) || bytes > file.Length)
                {
                    throw Damage.In(TiffDirectory.Format);
                }

                if ((directory.Value(SubfileType, 0) & ReducedOrMask) == 0)
                {
                    pages.Add(at);
                }

                at = directory.Next;
            }

            return new(pages, pages.Count == 0 ? Damage.In(TiffDirectory.Format).Message : null);
        }
        catch (Exception exception) when (exception is EndOfStreamException or InvalidDataException)
        {
            return new(pages, (Damage.Of(exception, TiffDirectory.Format) ?? exception).Message);
        }
    }
}

/// <summary>The pages of a file.</summary>
/// <param name="Offsets">What <see cref="ImageDecoder.Decode(ImageBytes, long, int)"/> finds each by.</param>
/// <param name="Reason">Why what follows them cannot be read; null if nothing follows.</param>
internal sealed record ImagePages(IReadOnlyList<long> Offsets, string? Reason);
