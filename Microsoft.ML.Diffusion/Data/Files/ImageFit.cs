namespace Microsoft.ML.Diffusion;

/// <summary>How an image of another shape is brought to the size that is asked for.</summary>
public enum ImageFit
{
    /// <summary>The middle of the image: it is scaled until it covers the size, what sticks out is cut off evenly at both sides.</summary>
    Crop,

    /// <summary>All of it: scaled until it fits into the size, <see cref="ImageFolderOptions.Background"/> around it.</summary>
    Pad,

    /// <summary>All of it, width and height scaled each by its own factor.</summary>
    Stretch,
}
