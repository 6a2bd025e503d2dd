using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Images;

namespace Microsoft.ML.Diffusion.Data.Rows;

/// <summary>Keeps images: copies that outlive their source, since an image belongs to the cursor that read it.</summary>
/// <param name="input">Reads the image of the input's current row, null if it has none.</param>
internal sealed class ImageBuffer(Func<MLImage?> input) : ColumnBuffer<MLImage>
{
    private readonly List<MLImage?> _images = [];

    public override long Keep()
    {
        var image = input() is { } source ? ImagePixels.Copy(source) : null;
        _images.Add(image);
        return image is null ? 0 : ImageMemory.Bytes(image);
    }

    public override void Get(int row, ref MLImage value) =>
        value = _images[row] is { } image ? ImageMemory.HandOut(ImagePixels.Copy(image)) : null!;

    public override void Release(int row)
    {
        _images[row]?.Dispose();
        _images[row] = null;
    }

    public override void Clear()
    {
        _images.ForEach(image => image?.Dispose());
        _images.Clear();
    }
}
