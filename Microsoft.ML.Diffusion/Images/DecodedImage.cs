namespace Microsoft.ML.Diffusion.Images;

/// <summary>An opaque picture as a file holds it: red, green, blue and 255 for each pixel, row by row.</summary>
internal readonly record struct DecodedImage(int Width, int Height, byte[] Pixels);
