namespace Microsoft.ML.Diffusion.Networks.Kernels;

/// <summary>How filters are moved over an image.</summary>
/// <param name="Stride">Pixels from one place to the next.</param>
/// <param name="Before">Rows of zeros above the image, and columns of them left of it.</param>
/// <param name="After">Rows of zeros below the image, and columns of them right of it.</param>
/// <param name="Doubles">Whether each pixel is first repeated to 2x2.</param>
internal sealed record ConvolutionSettings(int Stride = 1, int Before = 0, int After = 0, bool Doubles = false)
{
    /// <summary>From pixel to pixel, without padding.</summary>
    public static ConvolutionSettings Plain { get; } = new();

    /// <summary>Filters of 3x3 that leave an image's size.</summary>
    public static ConvolutionSettings Same { get; } = new(Before: 1, After: 1);

    /// <summary>The same on pixels repeated to 2x2.</summary>
    public static ConvolutionSettings SameOfDoubled { get; } = Same with { Doubles = true };
}

/// <summary>The sizes of a convolution.</summary>
/// <param name="Images">N.</param>
/// <param name="InHeight">H of the images.</param>
/// <param name="InWidth">W of the images.</param>
/// <param name="InChannels">C_in.</param>
/// <param name="OutChannels">C_out.</param>
/// <param name="Side">Rows and columns of a filter.</param>
/// <param name="Settings">How filters are moved.</param>
internal sealed record ConvolutionShape(
    int Images,
    int InHeight,
    int InWidth,
    int InChannels,
    int OutChannels,
    int Side,
    ConvolutionSettings Settings)
{
    /// <summary>H of the result.</summary>
    public int OutHeight => Places(InHeight);

    /// <summary>W of the result.</summary>
    public int OutWidth => Places(InWidth);

    /// <summary>Pixels of a result.</summary>
    public int OutPixels => OutHeight * OutWidth;

    /// <summary>Weights of a filter for one channel.</summary>
    public int Taps => Side * Side;

    /// <summary>Numbers that a filter sees at one place.</summary>
    public int PatchLength => Taps * InChannels;

    /// <summary>Whether filters see one pixel at a time, one after another.</summary>
    public bool IsPointwise => Side == 1 && Settings == ConvolutionSettings.Plain;

    private int Places(int length) =>
        (((Settings.Doubles ? 2 * length : length) + Settings.Before + Settings.After - Side) / Settings.Stride) + 1;
}
