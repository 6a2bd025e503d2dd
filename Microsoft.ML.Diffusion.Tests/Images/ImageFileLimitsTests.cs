using ImageMagick;
using Microsoft.ML.Diffusion.Data.Files;
using Microsoft.ML.Diffusion.Data.Formats;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Images;

/// <summary>Files that would take long or much memory, and are told by little of them.</summary>
[TestClass]
public sealed class ImageFileLimitsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly MLContext _context = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void LoadImage_ManyScans_AreRefusedBeforeDecoding()
    {
        var progressive = Progressive();
        var scans = Scans(progressive);
        var most = _folder.Write("most.jpg", PictureFiles.WithScans(progressive, JpegSegments.MaximumScans - scans));
        var more = _folder.Write("more.jpg", PictureFiles.WithScans(progressive, JpegSegments.MaximumScans - scans + 1));

        Assert.IsGreaterThan(5, scans);
        _context.Diffusion.LoadImage(most).Dispose();
        Messages.Expect<FormatException>(
            $"The image {more} cannot be used: it is a JPEG file of more than 64 scans, which would take long to decode.",
            () => _context.Diffusion.LoadImage(more));
    }

    [TestMethod]
    public void LoadImage_ScanMarkersInMetadata_DoNotCount()
    {
        byte[] marks = [.. "Exif\0\0"u8, .. Enumerable.Repeat((byte[])[0xFF, 0xDA], 500).SelectMany(mark => mark)];

        _context.Diffusion.LoadImage(_folder.Write("a.jpg", PictureFiles.WithSegment(Progressive(), 0xE1, marks))).Dispose();
    }

    [TestMethod]
    public void InspectImages_LargeFileThatIsNone_IsNotReadWhole()
    {
        using (var file = File.Create(_folder.File("disk.img")))
        {
            file.SetLength(200 << 20);
            file.Write("no image"u8);
        }

        _context.Diffusion.InspectImages(_folder.Path); // compiles the code
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var inspection = _context.Diffusion.InspectImages(_folder.Path, new ImageFolderOptions { MaximumDegreeOfParallelism = 1 });

        Assert.IsLessThan(4 << 20, GC.GetTotalAllocatedBytes(precise: true) - before);
        StringAssert.StartsWith(inspection.Skipped.Single().Reason, "its content is not that of an image");
    }

    [TestMethod]
    public void Decode_HeadersThatPromiseMuch_AskForNoMemory()
    {
        byte[][] files =
        [
            PictureFiles.Png(8000, 8000, 16, 6, [0]),
            TiffFile.Of(8000, 8000, 8, new byte[10], true, (259, [5]), (262, [2]), (277, [3])),
            TiffFile.Of(8000, 8000, 32, new byte[10], true, (259, [8])),
            TiffFile.Of(8000, 8000, 8, new byte[10]),
            [.. "P6 8000 8000 255\n"u8],
            [.. "P3 8000 8000 255\n"u8],
        ];
        foreach (var bytes in files)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();

            var exception = Assert.ThrowsExactly<InvalidDataException>(() => ImageReading.Read(ImageBytes.Of(bytes), new ImageFolderOptions()));

            StringAssert.Contains(exception.Message, "cut short");
            Assert.IsLessThan(1 << 20, GC.GetAllocatedBytesForCurrentThread() - before);
        }
    }

    [TestMethod]
    public void InspectImages_OverlappingTiffTags_EndSoon()
    {
        // Tags of the most entries, thousands of times over the same bytes: each would be 786 KB to read.
        const int Entries = ushort.MaxValue;
        var (count, reach) = (20_000, 2 + (12 * Entries));
        var file = new byte[8 + reach + (4 * count) + 16];
        file.AsSpan().Fill(0xFF);
        "II*\0\b\0\0\0"u8.CopyTo(file);
        for (var i = 0; i < count; i++)
        {
            BitConverter.GetBytes(8 + (4 * (i + 1))).CopyTo(file, 8 + reach + (4 * i));
        }

        _folder.Write("a.tif", file);
        ImageFolderInfo inspection = null!;

        Bounded.Run(long.MaxValue, () => inspection = _context.Diffusion.InspectImages(_folder.Path), "pages that share their tags");

        Assert.HasCount(1, inspection.Skipped.Take(1).ToList());
        Assert.AreEqual(0, inspection.Count);
    }

    [TestMethod]
    public void Decode_DeflateWithADictionary_IsDamaged()
    {
        // A stream that asks for a dictionary which nobody has: .NET reports it as an IOException, found by 100,000 damaged files.
        byte[] asking = [0x78, 0x20, 1, 2, 3, 4, 5, 6, 7, 8];
        asking[1] = (byte)(0x20 + (31 - (((0x78 * 256) + 0x20) % 31)));
        var tiff = TiffFile.Of(4, 1, 8, asking, true, (259, [8]));

        var exception = Assert.ThrowsExactly<InvalidDataException>(() => ImageReading.Read(ImageBytes.Of(tiff), new ImageFolderOptions()));

        Assert.AreEqual("its TIFF data are damaged", exception.Message);
    }

    private static byte[] Progressive()
    {
        using var image = new MagickImage(MagickColors.Red, 32, 32);
        image.AddNoise(NoiseType.Gaussian);
        image.Settings.Interlace = Interlace.Jpeg;
        return image.ToByteArray(MagickFormat.Pjpeg);
    }

    private static int Scans(byte[] jpeg) => Enumerable.Range(0, jpeg.Length - 1).Count(i => jpeg[i] == 0xFF && jpeg[i + 1] == 0xDA);
}
