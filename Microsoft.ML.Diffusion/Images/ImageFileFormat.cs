namespace Microsoft.ML.Diffusion;

/// <summary>What an image is written as.</summary>
public enum ImageFileFormat
{
    /// <summary>PNG: every pixel as it is, alpha too.</summary>
    Png,

    /// <summary>JPEG: smaller, not quite the image; alpha is composited over white.</summary>
    Jpeg,

    /// <summary>WebP: smaller, not quite the image unless the quality is 100; alpha is kept.</summary>
    WebP,
}
