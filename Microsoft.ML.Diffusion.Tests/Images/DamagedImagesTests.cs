using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Images;

/// <summary>Damaged files through the readers of this library: read or refused, with no other exception. The fuzz project reads more of them.</summary>
[TestClass]
public sealed class DamagedImagesTests
{
    private const int Files = 500;

    [TestMethod]
    [DataRow("tiff")]
    [DataRow("pnm")]
    [DataRow("tga")]
    [DataRow("png16")]
    [DataRow("orientation")]
    public void Read_DamagedFiles_RefusesOrReadsThem(string reader)
    {
        foreach (var sample in DamagedImages.Samples[reader])
        {
            Assert.IsNull(DamagedImages.Read(sample, out var isGood));
            Assert.IsTrue(isGood || sample[0] == 'I', "a good file");
        }

        var read = 0;
        for (var i = 0; i < Files; i++)
        {
            Assert.IsNull(DamagedImages.Read(DamagedImages.Make(reader, i), out var wasRead), $"file {i}");
            read += wasRead ? 1 : 0;
        }

        Assert.IsTrue(read is > 0 and < Files, "some of them are read, and some refused");
    }
}
