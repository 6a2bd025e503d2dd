using Microsoft.ML.Diffusion.Data.Files;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Diffusion.Tests.Images;

[TestClass]
public sealed class LostDetailTests
{
    private static readonly ImageFolderOptions _size = new() { Width = 32, Height = 32 };

    [TestMethod]
    public void LoadImages_MuchLargerImages_SaysWhatIsLostInOneLine()
    {
        using var folder = new TemporaryFolder();
        folder.Write("a.png", PictureFiles.Encode(width: 64, height: 80));
        folder.Write("b.png", PictureFiles.Encode(width: 90, height: 70));
        folder.Write("c.png", PictureFiles.Encode(width: 8, height: 8));
        var (mlContext, warnings) = (new MLContext(), new List<string>());
        mlContext.Log += (_, e) => warnings.AddRange(e.Kind == ChannelMessageKind.Warning ? [e.RawMessage] : []);

        mlContext.Diffusion.LoadImages(folder.Path, imageSize: 8);
        mlContext.Diffusion.LoadImages(folder.Path, imageSize: 16);

        Assert.AreSequenceEqual(
            ["The images are much larger than the 8x8 asked for, such as 'a.png' with 64x80: a thing of 8 pixels becomes one. Crop them to what matters before, or raise Width and Height; twice the size takes about four times the time."],
            warnings);
    }

    [TestMethod]
    [DataRow(255, 1000, false)]
    [DataRow(256, 256, true)]
    [DataRow(4000, 256, true)]
    [DataRow(4000, 255, false)]
    public void Warning_SmallerSide_Decides(int width, int height, bool isTold) =>
        Assert.AreEqual(isTold, LostDetail.Warning([Image(width, height)], _size) is not null);

    [TestMethod]
    public void Warning_AFewLargeOnesOrNoSize_IsNone()
    {
        Assert.IsNull(LostDetail.Warning([Image(4000, 4000), Image(64, 64), Image(64, 64)], _size));
        Assert.IsNotNull(LostDetail.Warning([Image(4000, 4000), Image(64, 64), Image(512, 512)], _size));
        Assert.IsNull(LostDetail.Warning([Image(4000, 4000)], new()));
        Assert.IsNull(LostDetail.Warning([], _size));
    }

    private static ImageFile Image(int width, int height) => new("/a.png", "a.png", null, 0, width, height, IsGrey: true, IsBlank: false);
}
