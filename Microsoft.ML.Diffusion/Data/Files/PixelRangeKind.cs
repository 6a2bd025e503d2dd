namespace Microsoft.ML.Diffusion.Data.Files;

/// <summary>How a <see cref="PixelRange"/> is found.</summary>
internal enum PixelRangeKind
{
    Automatic,
    Full,
    Used,
    Percentiles,
    Of,
}
