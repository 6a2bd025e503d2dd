using ImageMagick;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Images;

/// <summary>Animations, read by Magick.NET, which shares no code with the library's encoder.</summary>
[TestClass]
public sealed class ImageAnimationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Gif => _folder.File("a.gif");

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    [DataRow(1, 1)]
    [DataRow(2, 3)]
    [DataRow(255, 2)]
    [DataRow(256, 3)] // 256 of each frame, 768 of all
    public void SaveGif_AtMost256ColoursAFrame_KeepsEveryPixel(int colours, int frames)
    {
        var random = new Random(7);
        MLImage[] images = [.. Enumerable.Range(0, frames).Select(_ => Coloured(random, colours, 24, 16))];

        ImageAnimation.SaveGif(Gif, images);

        AssertSame(images);
    }

    [TestMethod]
    public void SaveGif_AllGreys_KeepsThem()
    {
        MLImage[] images = [Pictures.Grey((x, y) => (byte)(x + (16 * y)), 16, 16), Pictures.Grey((x, y) => (byte)(255 - x - (16 * y)), 16, 16)];

        ImageAnimation.SaveGif(Gif, images);

        AssertSame(images);
    }

    [TestMethod]
    public void SaveGif_ManyColours_AreNear()
    {
        var pixels = new byte[4 * 64 * 64];
        for (var i = 0; i < 64 * 64; i++)
        {
            (pixels[4 * i], pixels[(4 * i) + 1], pixels[(4 * i) + 2], pixels[(4 * i) + 3]) = ((byte)(i % 64 * 4), (byte)(i / 64 * 4), 128, 255);
        }

        MLImage[] images = [MLImage.CreateFromPixels(64, 64, MLPixelFormat.Rgba32, pixels), Coloured(new Random(1), 256, 64, 64)];

        ImageAnimation.SaveGif(Gif, images);

        var frames = Read();
        var error = Math.Sqrt(Colours(images[0]).Zip(frames[0], (a, b) => Math.Pow(a - b, 2)).Average());
        Assert.IsGreaterThan(0, error);
        Assert.IsLessThan(5, error); // 16x16 boxes of 16x16 levels are 3.8: a uniform spread of width 16 in two channels of three
        CollectionAssert.AreEqual(Colours(images[1]), frames[1]); // the other frame's colours are not touched
    }

    [TestMethod]
    public void SaveGif_DelaysAndLoop_AreThose()
    {
        MLImage[] images = [Pictures.Bars(0), Pictures.Bars(1), Pictures.Bars(2)];
        using var forEver = new MemoryStream();

        ImageAnimation.SaveGif(Gif, images, [TimeSpan.Zero, TimeSpan.FromMilliseconds(34), TimeSpan.FromSeconds(655.35)], loop: false);
        ImageAnimation.SaveGif(forEver, images);

        using var film = new MagickImageCollection(Gif);
        CollectionAssert.AreEqual(new uint[] { 0, 3, 65535 }, film.Select(frame => frame.AnimationDelay).ToArray());
        Assert.AreEqual(1u, film[0].AnimationIterations);
        forEver.Position = 0;
        using var other = new MagickImageCollection(forEver);
        CollectionAssert.AreEqual(new uint[] { 10, 10, 10 }, other.Select(frame => frame.AnimationDelay).ToArray());
        Assert.AreEqual(0u, other[0].AnimationIterations, "0 is for ever");
    }

    [TestMethod]
    public void SaveGif_Scale_RepeatsPixels()
    {
        ImageAnimation.SaveGif(Gif, [Coloured(new Random(3), 6, 3, 2)], scale: 4);

        var small = Colours(Coloured(new Random(3), 6, 3, 2));
        var large = Read(12, 8)[0];
        for (var i = 0; i < 12 * 8; i++)
        {
            CollectionAssert.AreEqual(small.AsSpan(3 * ((i / 12 / 4 * 3) + (i % 12 / 4)), 3).ToArray(), large.AsSpan(3 * i, 3).ToArray());
        }
    }

    [TestMethod]
    public void SaveGif_OneWayStream_IsWrittenTo()
    {
        using var memory = new MemoryStream();
        using (var stream = new System.IO.Compression.BrotliStream(memory, System.IO.Compression.CompressionLevel.Fastest, leaveOpen: true))
        {
            ImageAnimation.SaveGif(stream, [Pictures.Bars(0)]); // compresses only, cannot seek
        }

        memory.Position = 0;
        using var back = new System.IO.Compression.BrotliStream(memory, System.IO.Compression.CompressionMode.Decompress);
        using var gif = new MagickImageCollection(back);
        Assert.AreEqual((1, 8u), (gif.Count, gif[0].Width));
    }

    [TestMethod]
    public void SaveGif_Impossible_SaysWhy()
    {
        File.WriteAllText(Gif, "old");
        var image = Pictures.Bars(0);
        var gone = Pictures.Bars(1);
        gone.Dispose();

        Expect<ArgumentException>("frames must hold at least one image. (Parameter 'frames')", []);
        Expect<ArgumentException>(
            "All frames must have the size of the first, 8x8, but frame 1 is 9x8. Resize them first. (Parameter 'frames')",
            [image, Pictures.Bars(0, width: 9)]);
        Expect<ArgumentException>("Frame 1 is disposed. Save the animation before its images are disposed. (Parameter 'frames')", [image, gone]);
        Expect<ArgumentNullException>("Value cannot be null. (Parameter 'frames[1]')", [image, null!]);
        Expect<ArgumentException>(
            "delays must hold one time for all frames or one for each of the 1, but holds 2. (Parameter 'delays')",
            [image],
            [TimeSpan.Zero, TimeSpan.Zero]);
        foreach (var delay in new[] { TimeSpan.FromTicks(-1), TimeSpan.FromSeconds(655.36), TimeSpan.MaxValue })
        {
            Expect<ArgumentOutOfRangeException>(
                "delays must be from 0 to 655.35 s, because a GIF counts hundredths of a second in 16 bits.",
                [image],
                [delay]);
        }

        Expect<ArgumentOutOfRangeException>("scale must be at least 1, because pixels are shown whole.", [image], scale: 0);
        Expect<ArgumentOutOfRangeException>(
            "scale must be at most 8191, because a GIF of 8x8 images has sides of at most 65535 pixels.",
            [image],
            scale: 8192);
        Assert.AreEqual("old", File.ReadAllText(Gif));
        Assert.HasCount(1, Directory.GetFiles(_folder.Path));
    }

    private void Expect<T>(string message, MLImage[] frames, TimeSpan[]? delays = null, int scale = 1)
        where T : Exception =>
        StringAssert.StartsWith(Assert.ThrowsExactly<T>(() => ImageAnimation.SaveGif(Gif, frames, delays, scale: scale)).Message, message);

    private void AssertSame(MLImage[] images)
    {
        var frames = Read(images[0].Width, images[0].Height);
        Assert.HasCount(images.Length, frames);
        for (var i = 0; i < images.Length; i++)
        {
            CollectionAssert.AreEqual(Colours(images[i]), frames[i]);
        }
    }

    private List<byte[]> Read(int width = 64, int height = 64)
    {
        using var film = new MagickImageCollection(Gif);
        film.Coalesce();
        return [.. film.Select(frame =>
        {
            Assert.AreEqual(((uint)width, (uint)height), (frame.Width, frame.Height));
            return frame.GetPixels().ToByteArray(PixelMapping.RGB)!;
        })];
    }

    private static byte[] Colours(MLImage image) => [.. image.Pixels.ToArray().Where((_, i) => i % 4 < 3)];

    private static MLImage Coloured(Random random, int colours, int width, int height)
    {
        var palette = Enumerable.Range(0, colours).Select(i => (byte[])[(byte)random.Next(256), (byte)i, (byte)random.Next(256), 255]).ToArray();
        return MLImage.CreateFromPixels(
            width,
            height,
            MLPixelFormat.Rgba32,
            Enumerable.Range(0, width * height).SelectMany(i => palette[i < colours ? i : random.Next(colours)]).ToArray());
    }
}
